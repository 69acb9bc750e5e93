//! Every message of a client with an open session. What is read is, written again, the same bytes: nothing in a message
//! is left unread.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::postgres::query::{self, ClientMessage};
use wire::postgres::tag::client;

fn write(out: &mut Vec<u8>, message: ClientMessage<'_>) {
    match message {
        ClientMessage::Query(m) => query::write_query(out, m.text),
        ClientMessage::Parse(m) => {
            query::write_parse(out, m.name, m.text, &m.types().collect::<Vec<_>>())
        }
        ClientMessage::Bind(m) => {
            for index in 0..m.parameter_count() {
                let (_, _) = (m.parameter_format(index), m.result_format(index));
            }
            query::write_bind(
                out,
                m.portal,
                m.statement,
                &m.parameter_formats().collect::<Vec<_>>(),
                &m.parameters().collect::<Vec<_>>(),
                &m.result_formats().collect::<Vec<_>>(),
            );
        }
        ClientMessage::Describe(m) => query::write_describe(out, m.target, m.name),
        ClientMessage::Execute(m) => query::write_execute(out, m.portal, m.max_rows),
        ClientMessage::Close(m) => query::write_close(out, m.target, m.name),
        ClientMessage::FunctionCall(m) => query::write_function_call(
            out,
            m.oid,
            &m.argument_formats().collect::<Vec<_>>(),
            &m.arguments().collect::<Vec<_>>(),
            m.result_format,
        ),
        ClientMessage::CopyData(data) => query::write_copy_data(out, data),
        ClientMessage::CopyDone => query::write_copy_done(out),
        ClientMessage::CopyFail(m) => query::write_copy_fail(out, m.message),
        ClientMessage::Flush => query::write_flush(out),
        ClientMessage::Sync => query::write_sync(out),
        ClientMessage::Terminate => query::write_terminate(out),
    }
}

fuzz_target!(|body: &[u8]| {
    let mut out = Vec::new();
    for tag in client::ALL {
        if let Ok(message) = ClientMessage::read(*tag, body) {
            out.clear();
            write(&mut out, message);
            assert_eq!((out[0], &out[5..]), (*tag, body));
        }
    }
});
