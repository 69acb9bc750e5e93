//! What is left of a server's messages.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::postgres::reply::{self, CopyResponse, Negotiation, Notification};

fuzz_target!(|body: &[u8]| {
    let mut out = Vec::new();
    let mut same = |write: &dyn Fn(&mut Vec<u8>)| {
        out.clear();
        write(&mut out);
        assert_eq!(&out[5..], body);
    };
    if let Ok(status) = reply::ready_status(body) {
        same(&|out| reply::write_ready(out, status));
    }
    if let Ok(tag) = reply::command_tag(body) {
        same(&|out| reply::write_command_complete(out, tag));
    }
    if let Ok((process_id, secret)) = reply::backend_key(body) {
        same(&|out| reply::write_backend_key(out, process_id, secret));
    }
    if let Ok(types) = reply::parameter_description(body) {
        same(&|out| reply::write_parameter_description(out, &types.collect::<Vec<_>>()));
    }
    if let Ok(negotiation) = Negotiation::read(body) {
        assert!(negotiation.unknown_options().count() <= body.len());
    }
    if let Ok(copy) = CopyResponse::read(body) {
        assert_eq!(copy.columns().count() * 2 + 3, body.len());
    }
    if let Ok(notification) = Notification::read(body) {
        assert_eq!(
            notification.channel.len() + notification.payload.len() + 6,
            body.len()
        );
    }
    if let Ok(Some(value)) = reply::function_result(body) {
        assert_eq!(value.len() + 4, body.len());
    }
});
