//! The console's side of the protocol, message by message: what drivers need and what a broken client must not do.

#![allow(clippy::unwrap_used)]

mod support;

use support::Console;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wire::postgres::query::{self, Target};
use wire::postgres::reply::ErrorFields;
use wire::postgres::row::{RowDescription, cells};
use wire::postgres::{frame, startup};

/// A client that shows what it was answered, a line a message.
struct Client {
    stream: TcpStream,
    input: Vec<u8>,
}

impl Client {
    async fn connect(c: &Console) -> Client {
        let mut client = Client {
            stream: TcpStream::connect(("127.0.0.1", c.port)).await.unwrap(),
            input: Vec::new(),
        };
        let mut out = Vec::new();
        startup::write_startup(&mut out, 0, &[("user", "dana"), ("database", "tollgate")]);
        client.stream.write_all(&out).await.unwrap();
        let greeting = client.until_ready().await;
        assert!(
            greeting.contains(&"S client_encoding=UTF8".to_owned()),
            "{greeting:?}"
        );
        assert!(
            greeting
                .iter()
                .any(|l| l.starts_with("S server_version=15.0 (Tollgate "))
        );
        assert!(greeting.contains(&"K 42".to_owned()), "{greeting:?}");
        client
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The next message, or None at the end of the stream.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(found) = frame::frame(&self.input, frame::MAX_FRAME_BYTES).unwrap() {
                let line = shown(found.tag(), found.body());
                let length = found.len();
                self.input.drain(..length);
                return Some(line);
            }
            let mut chunk = [0u8; 65_536];
            let count = self.stream.read(&mut chunk).await.unwrap_or(0);
            if count == 0 {
                return None;
            }
            self.input.extend_from_slice(&chunk[..count]);
        }
    }

    /// Everything up to and with ReadyForQuery.
    async fn until_ready(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self
                .next()
                .await
                .expect("the console has closed the connection");
            let ready = line.starts_with("Z ");
            lines.push(line);
            if ready {
                return lines;
            }
        }
    }

    async fn ask(&mut self, bytes: &[u8]) -> Vec<String> {
        self.send(bytes).await;
        self.until_ready().await
    }

    async fn simple(&mut self, text: &str) -> Vec<String> {
        let mut out = Vec::new();
        query::write_query(&mut out, text);
        self.ask(&out).await
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn shown(tag: u8, body: &[u8]) -> String {
    let text = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes)
            .trim_end_matches('\0')
            .replace('\0', "=")
    };
    match tag {
        b'E' | b'N' => {
            let fields = ErrorFields::read(body).unwrap();
            let field = |kind| text(fields.get(kind).unwrap_or_default());
            format!(
                "{} {} {} {}",
                tag as char,
                field(b'S'),
                field(b'C'),
                field(b'M')
            )
        }
        b'T' => {
            let row = RowDescription::read(body).unwrap();
            let fields: Vec<String> = row
                .fields()
                .map(|f| format!("{}:{}:{}", text(f.name), f.type_oid, f.format))
                .collect();
            format!("T {}", fields.join(" "))
        }
        b'D' => {
            let row: Vec<String> = cells(body)
                .unwrap()
                .map(|c| match c {
                    None => "-".to_owned(),
                    Some(b) if b.iter().all(|b| (32..127).contains(b)) => text(b),
                    Some(b) => format!("x{}", hex(b)),
                })
                .collect();
            format!("D {}", row.join(" "))
        }
        b't' => format!("t {}", hex(&body[2..])),
        b'K' => format!("K {}", u32::from_be_bytes(body[..4].try_into().unwrap())),
        b'C' | b'Z' | b'S' => format!("{} {}", tag as char, text(body)),
        other => (other as char).to_string(),
    }
}

/// Parse, Describe, Bind, Describe, Execute, Sync.
fn extended(
    text: &str,
    types: &[u32],
    values: &[Option<&[u8]>],
    formats: &[i16],
    results: &[i16],
) -> Vec<u8> {
    let mut out = Vec::new();
    query::write_parse(&mut out, "", text, types);
    query::write_describe(&mut out, Target::Statement, "");
    query::write_bind(&mut out, "", "", formats, values, results);
    query::write_describe(&mut out, Target::Portal, "");
    query::write_execute(&mut out, "", 0);
    query::write_sync(&mut out);
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_and_formats() {
    let c = Console::start().await;
    let mut client = Client::connect(&c).await;
    // Types come from where a parameter stands; results are text or binary as asked.
    let got = client
        .ask(&extended(
            "SELECT id, agent, id > $1 AS more FROM held WHERE id = $1 AND agent = $2",
            &[],
            &[Some(b"2"), Some(b"claude-code")],
            &[],
            &[1],
        ))
        .await;
    assert_eq!(
        got,
        [
            "1",
            "t 0000001400000019",
            "T id:20:0 agent:25:0 more:16:0",
            "2",
            "T id:20:1 agent:25:1 more:16:1",
            "D x0000000000000002 claude-code x00",
            "C SELECT 1",
            "Z I"
        ]
    );
    // Declared types, binary parameters.
    let got = client
        .ask(&extended(
            "SELECT $1, $2, $3",
            &[20, 25, 16],
            &[Some(&7i64.to_be_bytes()), Some(b"x"), Some(&[1])],
            &[1],
            &[0],
        ))
        .await;
    assert_eq!(
        got[4..6],
        ["T ?column?:20:0 ?column?:25:0 ?column?:16:0", "D 7 x t"]
    );
    // A declared type that the console reads as another is reported as declared.
    let got = client
        .ask(&extended(
            "SELECT id FROM held WHERE id = $1",
            &[23],
            &[Some(&[0, 0, 0, 3])],
            &[1],
            &[],
        ))
        .await;
    assert_eq!(got[1], "t 00000017");
    assert_eq!(got[5], "D 3");
    for (bytes, code) in [
        (
            extended("SELECT $1::int8", &[], &[Some(b"x")], &[], &[]),
            "22P02",
        ),
        (
            extended("SELECT $1::int8", &[], &[Some(b"123")], &[1], &[]),
            "22P03",
        ),
        (extended("SELECT $1::int8", &[], &[], &[], &[]), "08P01"),
        (extended("SELECT 1; SELECT 2", &[], &[], &[], &[]), "42601"),
        (extended("SELECT $1", &[600], &[None], &[], &[]), "0A000"),
        (extended("SELECT $0", &[], &[None], &[], &[]), "42P02"),
        (extended("SELECT 1", &[], &[], &[], &[7]), "22023"),
        (extended("SELECT 1", &[], &[], &[], &[0, 0]), "08P01"),
    ] {
        let got = client.ask(&bytes).await;
        let error = got.iter().find(|l| l.starts_with("E ")).unwrap();
        assert!(error.starts_with(&format!("E ERROR {code} ")), "{error}");
        assert_eq!(got.last().unwrap(), "Z I");
        assert_eq!(
            got.iter().filter(|l| l.starts_with("E ")).count(),
            1,
            "the rest up to Sync is passed over"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verb_acts_when_its_portal_first_runs_and_only_then() {
    let c = Console::start().await;
    let mut client = Client::connect(&c).await;
    let mut out = Vec::new();
    query::write_parse(
        &mut out,
        "s",
        "SELECT id, approve(id, $1) FROM held WHERE id < 3 ORDER BY id",
        &[],
    );
    query::write_describe(&mut out, Target::Statement, "s");
    query::write_bind(&mut out, "p", "s", &[], &[Some(b"batch")], &[]);
    query::write_describe(&mut out, Target::Portal, "p");
    query::write_sync(&mut out);
    client.ask(&out).await;
    assert!(c.desk.asked().is_empty(), "{:?}", c.desk.asked());
    // A portal lives in a transaction; its rows come one by one, its verbs ran at the first.
    client.simple("BEGIN").await;
    let mut out = Vec::new();
    query::write_bind(&mut out, "p", "s", &[], &[Some(b"batch")], &[]);
    query::write_execute(&mut out, "p", 1);
    query::write_sync(&mut out);
    assert_eq!(
        client.ask(&out).await,
        ["2", "D 1 hold 1 approved", "s", "Z T"]
    );
    assert_eq!(c.desk.asked().len(), 2);
    let mut out = Vec::new();
    query::write_execute(&mut out, "p", 1);
    query::write_execute(&mut out, "p", 1);
    query::write_execute(&mut out, "p", 0);
    query::write_sync(&mut out);
    assert_eq!(
        client.ask(&out).await,
        [
            "D 2 hold 2 approved",
            "C SELECT 1",
            "C SELECT 0",
            "C SELECT 0",
            "Z T"
        ]
    );
    client.simple("COMMIT").await;
    assert_eq!(c.desk.asked(), ["approve 1 batch", "approve 2 batch"]);
    // A command is a portal too, and cannot be run twice.
    let mut out = Vec::new();
    query::write_parse(&mut out, "", "REJECT $1 $2", &[]);
    query::write_describe(&mut out, Target::Statement, "");
    query::write_bind(&mut out, "", "", &[], &[Some(b"3"), Some(b"no")], &[]);
    query::write_execute(&mut out, "", 0);
    query::write_execute(&mut out, "", 0);
    query::write_sync(&mut out);
    assert_eq!(
        client.ask(&out).await,
        [
            "1",
            "t 0000001400000019",
            "T reject:25:0",
            "2",
            "D hold 3 rejected",
            "C REJECT",
            "C REJECT",
            "Z I"
        ]
    );
    assert_eq!(c.desk.asked().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_error_a_pipeline_is_in_step() {
    let c = Console::start().await;
    let mut client = Client::connect(&c).await;
    let mut out = Vec::new();
    query::write_parse(&mut out, "", "SELECT nothing", &[]);
    query::write_bind(&mut out, "", "", &[], &[], &[]);
    query::write_execute(&mut out, "", 0);
    query::write_parse(&mut out, "", "APPROVE 1 'skipped'", &[]);
    query::write_bind(&mut out, "", "", &[], &[], &[]);
    query::write_execute(&mut out, "", 0);
    query::write_sync(&mut out);
    out.extend(extended("SELECT 5", &[], &[], &[], &[]));
    // Byte by byte is the same as at once.
    for byte in &out {
        client.send(&[*byte]).await;
    }
    assert_eq!(
        client.until_ready().await,
        ["E ERROR 42703 column \"nothing\" does not exist", "Z I"]
    );
    assert_eq!(
        client.until_ready().await[5..],
        ["D 5", "C SELECT 1", "Z I"]
    );
    assert!(c.desk.asked().is_empty());
    // In a transaction the error is remembered.
    assert_eq!(
        client.simple("BEGIN; SELECT nothing").await.last().unwrap(),
        "Z I"
    );
    client.simple("BEGIN").await;
    assert_eq!(client.simple("SELECT nothing").await.last().unwrap(), "Z E");
    assert!(client.simple("APPROVE 1 'x'").await[0].starts_with("E ERROR 25P02"));
    assert_eq!(client.simple("COMMIT").await, ["C ROLLBACK", "Z I"]);
    assert!(c.desk.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_politely() {
    let c = Console::start().await;
    let mut client = Client::connect(&c).await;
    for (text, code) in [
        ("COPY held TO STDOUT", "0A000"),
        ("COPY held FROM STDIN", "0A000"),
        ("PREPARE x AS SELECT 1", "0A000"),
        ("SET client_encoding = 'LATIN1'", "0A000"),
        ("SET timezone = 'Europe/Berlin'", "0A000"),
        ("SELECT pg_sleep(100)", "42883"),
        ("SELECT load_extension('x')", "42883"),
        ("SELECT * FROM sqlite_master", "42P01"),
        ("SELECT rowid FROM held", "42703"),
        ("ATTACH DATABASE 'x' AS y", "42601"),
        ("PRAGMA database_list", "42601"),
        ("SELECT tg_now()", "42883"),
        ("SELECT 1/0", "22012"),
        ("SELECT '[' ~ '['", "2201B"),
        ("SELECT 'x", "42601"),
    ] {
        let got = client.simple(text).await;
        assert!(
            got[0].starts_with(&format!("E ERROR {code} ")),
            "{text}: {got:?}"
        );
        assert_eq!(got.last().unwrap(), "Z I");
    }
    let mut out = Vec::new();
    query::write_function_call(&mut out, 1299, &[], &[], 0);
    assert!(client.ask(&out).await[0].starts_with("E ERROR 0A000"));
    // Still there.
    assert_eq!(client.simple("SELECT 1").await[1], "D 1");
    // A query without end is stopped, and the session goes on.
    client.simple("SET statement_timeout = '200ms'").await;
    let got = client
        .simple("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t")
        .await;
    assert!(got[0].starts_with("E ERROR 57014"), "{got:?}");
    client.simple("RESET statement_timeout").await;
    let got = client
        .simple("SELECT a.n FROM generate_series(1, 1000) a(n), generate_series(1, 1000) b")
        .await;
    assert!(got[0].starts_with("E ERROR 54000"), "{got:?}");
    assert_eq!(client.simple("SELECT count(*) FROM held").await[1], "D 3");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_hurt_is_refused() {
    let c = Console::start().await;
    let mut client = Client::connect(&c).await;
    for text in [
        format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000)),
        format!("SELECT {}1", "1+".repeat(200_000)),
        format!("SELECT {}1", "1+".repeat(4_000)),
        format!("SELECT {}true", "NOT ".repeat(9_000)),
        format!("SELECT {}1", "- ".repeat(9_000)),
        format!("SELECT 1{}", " UNION SELECT 1".repeat(5_000)),
        format!("SELECT 1 FROM held{}", " JOIN held".repeat(300)),
        format!("SELECT 1{}", "::int8".repeat(9_000)),
        format!(
            "SELECT {}1{}",
            "CASE WHEN true THEN ".repeat(500),
            " END".repeat(500)
        ),
        format!("SELECT {}1{}", "(SELECT ".repeat(55), ")".repeat(55)),
        "SELECT 1;".repeat(5_000),
        format!("SELECT '{}'", "x".repeat(900_000)),
    ] {
        let got = client.simple(&text).await;
        let error = got
            .iter()
            .find(|l| l.starts_with("E "))
            .unwrap_or_else(|| panic!("{}", &text[..60]));
        assert!(
            error.contains(" 54001 ") || error.contains(" 42601 "),
            "{error}"
        );
        assert_eq!(client.simple("SELECT 1").await[1], "D 1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_ends_the_connection() {
    let c = Console::start().await;
    for bytes in [
        // longer than 1 MiB, announced only
        b"Q\x7f\xff\xff\xff".to_vec(),
        b"Q\x00\x10\x00\x01".to_vec(),
        // shorter than its own length word
        b"Q\x00\x00\x00\x03".to_vec(),
        // no such message
        b"!\x00\x00\x00\x04".to_vec(),
        // a text that does not end
        b"Q\x00\x00\x00\x06ab".to_vec(),
        // a Parse cut short, a Bind that promises more than it brings
        b"P\x00\x00\x00\x05\x00".to_vec(),
        b"B\x00\x00\x00\x0a\x00\x00\xff\xff\xff\xff".to_vec(),
    ] {
        let mut client = Client::connect(&c).await;
        client.send(&bytes).await;
        let error = client.next().await.unwrap();
        assert!(error.starts_with("E FATAL 08P01"), "{error}");
        assert_eq!(client.next().await, None);
    }
    // Text that is not UTF-8 is an error of its statement only.
    let mut client = Client::connect(&c).await;
    let mut out = Vec::new();
    query::write_query(&mut out, [0xff, 0xfe]);
    assert!(client.ask(&out).await[0].starts_with("E ERROR 22021"));
    // Good-bye.
    let mut out = Vec::new();
    query::write_terminate(&mut out);
    client.send(&out).await;
    assert_eq!(client.next().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn shutting_down_says_so() {
    let c = Console::start().await;
    let mut client = Client::connect(&c).await;
    c.stop.send(true).unwrap();
    assert_eq!(
        client.next().await.unwrap(),
        "E FATAL 57P01 terminating connection due to administrator command"
    );
    assert_eq!(client.next().await, None);
}
