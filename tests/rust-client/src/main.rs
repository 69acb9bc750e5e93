//! One scenario with tokio-postgres. Environment: PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE.

use std::env;

use futures_util::{SinkExt, StreamExt, TryStreamExt, future, pin_mut};
use tokio_postgres::error::DbError;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Config, Error, NoTls, SimpleQueryMessage};

fn config() -> Config {
    let var = |name: &str| env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let mut config = Config::new();
    config
        .host(var("PGHOST"))
        .port(var("PGPORT").parse().expect("a port"))
        .user(var("PGUSER"))
        .password(var("PGPASSWORD"))
        .dbname(var("PGDATABASE"));
    config
}

/// Logs in; notices and notifications are said as they come.
async fn connect() -> (
    Client,
    tokio::sync::mpsc::UnboundedReceiver<(String, String)>,
) {
    let (client, mut connection) = config().connect(NoTls).await.expect("a session");
    let (heard, hears) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let messages = futures_util::stream::poll_fn(move |cx| connection.poll_message(cx));
        pin_mut!(messages);
        while let Some(message) = messages.next().await {
            match message {
                Ok(AsyncMessage::Notice(n)) => println!("notice {}", fields(&n)),
                Ok(AsyncMessage::Notification(n)) => {
                    let _ = heard.send((n.channel().to_owned(), n.payload().to_owned()));
                }
                Ok(_) => println!("another message"),
                Err(e) => println!("connection {e}"),
            }
        }
    });
    (client, hears)
}

fn fields(e: &DbError) -> String {
    format!(
        "{} {} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        e.severity(),
        e.code().code(),
        e.message(),
        e.detail(),
        e.hint(),
        e.position(),
        e.where_(),
        e.table(),
        e.column(),
        e.constraint(),
        e.file(),
        e.routine()
    )
}

fn failure(e: &Error) -> String {
    e.as_db_error().map_or_else(|| e.to_string(), fields)
}

/// One value there and back.
async fn value<T>(client: &Client, kind: &str, value: T)
where
    T: ToSql + Sync + std::fmt::Debug + for<'a> tokio_postgres::types::FromSql<'a>,
{
    let statement = match client.prepare(&format!("SELECT $1::{kind} AS v")).await {
        Ok(statement) => statement,
        Err(e) => return println!("value {kind} {}", failure(&e)),
    };
    match client.query_one(&statement, &[&value]).await {
        Ok(row) => {
            let got: T = row.get(0);
            let text = format!("{got:?}");
            let shown = text.get(..200).unwrap_or(&text);
            println!(
                "value {kind} {:?} {:?} {shown} {}",
                statement.params(),
                statement.columns()[0].type_(),
                text.len()
            );
        }
        Err(e) => println!("value {kind} {}", failure(&e)),
    }
}

#[tokio::main]
async fn main() {
    let (mut client, mut hears) = connect().await;
    client
        .batch_execute("CREATE TABLE r_t (id int PRIMARY KEY, v text)")
        .await
        .expect("a table");
    value(&client, "bool", true).await;
    value(&client, "int2", -7_i16).await;
    value(&client, "int4", Some(4_i32)).await;
    value(&client, "int4", None::<i32>).await;
    value(&client, "int8", i64::MAX).await;
    value(&client, "float4", 0.5_f32).await;
    value(&client, "float8", f64::INFINITY).await;
    value(&client, "text", "grüße 🐘".to_owned()).await;
    value(&client, "varchar", "x".repeat(100_000)).await;
    value(&client, "bytea", vec![0_u8, 255]).await;
    value(&client, "oid", 7_u32).await;
    value(&client, "int4[]", vec![Some(1), None, Some(3)]).await;
    value(&client, "text[]", vec!["a".to_owned(), "b,c".to_owned()]).await;
    value(&client, "nosuch", 1_i32).await;

    for text in [
        "SELECT 1/0",
        "SELECT nosuch",
        "SELEC",
        "INSERT INTO r_t VALUES (1), (1)",
        "SELECT * FROM r_none",
        "",
    ] {
        match client.query(text, &[]).await {
            Ok(rows) => println!("ran {text:?} {}", rows.len()),
            Err(e) => println!("failed {text:?} {}", failure(&e)),
        }
    }
    match client
        .simple_query("SELECT 1 AS a, NULL AS b; UPDATE r_t SET v = v; SELECT 'two' AS t")
        .await
    {
        Ok(messages) => {
            for message in messages {
                match message {
                    SimpleQueryMessage::Row(row) => {
                        println!("row {:?} {:?}", row.columns(), row.get(0))
                    }
                    SimpleQueryMessage::CommandComplete(n) => println!("complete {n}"),
                    _ => println!("description"),
                }
            }
        }
        Err(e) => println!("simple {}", failure(&e)),
    }

    // Many at once on one connection: tokio-postgres pipelines them.
    let insert = client
        .prepare("INSERT INTO r_t VALUES ($1, $2)")
        .await
        .expect("a statement");
    let many = future::join_all((0..200_i32).map(|n| {
        let (client, insert) = (&client, &insert);
        async move { client.execute(insert, &[&(n % 190), &n.to_string()]).await }
    }))
    .await;
    println!(
        "pipelined {:?}",
        many.iter()
            .map(|r| match r {
                Ok(n) => n.to_string(),
                Err(e) => e.code().map_or("?".into(), |c| c.code().to_owned()),
            })
            .collect::<Vec<_>>()
    );

    let transaction = client.transaction().await.expect("a transaction");
    let portal = transaction
        .bind("SELECT id FROM r_t ORDER BY id", &[])
        .await
        .expect("a portal");
    for limit in [3, 5, 1000] {
        let rows = transaction
            .query_portal(&portal, limit)
            .await
            .expect("rows");
        println!(
            "portal {limit} {:?}",
            rows.iter().map(|r| r.get::<_, i32>(0)).sum::<i32>()
        );
    }
    let error = transaction
        .execute("INSERT INTO r_t VALUES (1, 'dup')", &[])
        .await
        .expect_err("a duplicate");
    println!("in transaction {}", failure(&error));
    let error = transaction
        .query("SELECT 1", &[])
        .await
        .expect_err("a failed transaction");
    println!("in failed transaction {}", failure(&error));
    transaction.rollback().await.expect("a rollback");

    let sink = client
        .copy_in("COPY r_t FROM STDIN")
        .await
        .expect("copy in");
    pin_mut!(sink);
    for n in 1000..2000 {
        sink.send(std::io::Cursor::new(format!("{n}\tcopied\n").into_bytes()))
            .await
            .expect("copied");
    }
    println!("copied {:?}", sink.finish().await.map_err(|e| failure(&e)));
    let out: Vec<_> = client
        .copy_out("COPY r_t TO STDOUT (FORMAT binary)")
        .await
        .expect("copy out")
        .try_collect()
        .await
        .expect("copied out");
    println!("copied out {}", out.iter().map(|b| b.len()).sum::<usize>());

    client
        .batch_execute(
            "LISTEN r_chan; NOTIFY r_chan, 'hello'; DO $$ BEGIN RAISE NOTICE 'noted'; END $$",
        )
        .await
        .expect("a notification");
    println!("heard {:?}", hears.recv().await);

    let cancel = client.cancel_token();
    let sleeping = client.query("SELECT pg_sleep(60)", &[]);
    let cancelling = async {
        // Once, when it sleeps: a cancel that comes too early is for nothing, and one that comes too late is for another.
        let (other, _) = connect().await;
        let asleep = "SELECT 1 FROM pg_stat_activity WHERE usename = current_user AND wait_event = 'PgSleep'";
        while other
            .query(asleep, &[])
            .await
            .expect("an answer")
            .is_empty()
        {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        cancel.cancel_query(NoTls).await.expect("a cancel request");
    };
    let (slept, ()) = future::join(sleeping, cancelling).await;
    println!(
        "cancelled {}",
        slept.err().map_or("not".into(), |e| failure(&e))
    );
    client
        .batch_execute("DROP TABLE r_t")
        .await
        .expect("the end");
}
