//! Both sides' messages during authentication, outside SCRAM.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::postgres::auth::{self, AuthRequest};
use wire::postgres::startup;

fuzz_target!(|body: &[u8]| {
    let mut out = Vec::new();
    if let Ok((mechanism, data)) = auth::read_sasl_initial(body) {
        startup::write_sasl_initial(&mut out, mechanism, data);
        assert_eq!(auth::read_sasl_initial(&out[5..]), Ok((mechanism, data)));
    }
    if let Ok(password) = auth::read_password(body) {
        out.clear();
        startup::write_password(&mut out, password);
        assert_eq!(&out[5..], body);
    }
    out.clear();
    match AuthRequest::read(body) {
        Ok(AuthRequest::Ok) => auth::write_auth_ok(&mut out),
        Ok(AuthRequest::Sasl(names)) => auth::write_auth_sasl(&mut out, &names.collect::<Vec<_>>()),
        Ok(AuthRequest::SaslContinue(data)) => auth::write_auth_sasl_continue(&mut out, data),
        Ok(AuthRequest::SaslFinal(data)) => auth::write_auth_sasl_final(&mut out, data),
        Ok(AuthRequest::Cleartext | AuthRequest::Md5(_) | AuthRequest::Other(_)) | Err(_) => return,
    }
    assert_eq!(&out[5..], body);
});
