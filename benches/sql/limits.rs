//! Time and memory of texts that grow: for each shape of `crates/sql/tests/shapes`, at a tenth, at half and at all of
//! what is still understood, and above it. On a thread of 2 MiB, as the gateway's are.
//!
//!     just limits [part of a shape's name]

#![allow(dead_code, missing_docs)]

#[path = "../../crates/sql/tests/shapes/mod.rs"]
mod shapes;
#[path = "../../crates/sql/tests/shop/mod.rs"]
mod shop;
#[path = "../../crates/sql/tests/wide/mod.rs"]
mod wide;

use std::time::Duration;

use sql::facts::Coverage;
use sql::{Catalog, Class, Settings, analyze};

struct Seen {
    bytes: usize,
    time: Duration,
    peak: u64,
    allocations: u64,
    class: Class,
    reason: String,
}

/// The time that this thread was on a processor.
fn busy() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|n| n.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

fn look(text: &str, settings: &Settings, catalog: &Catalog) -> Seen {
    let mut analysis = None;
    let start = busy();
    let heap = allocation_counter::measure(|| {
        analysis = Some(analyze(text.as_bytes(), settings, catalog));
    });
    let time = busy() - start;
    let statements = analysis.map(|a| a.statements).unwrap_or_default();
    let strictest = statements.iter().max_by_key(|f| f.class);
    Seen {
        bytes: text.len(),
        time,
        peak: heap.bytes_max,
        allocations: heap.count_total,
        class: strictest.map_or(Class::Unknown, |f| f.class),
        reason: match strictest.map(|f| &f.coverage) {
            Some(Coverage::Opaque(reason)) => reason.clone(),
            Some(Coverage::Complete) => String::new(),
            None => "nothing".to_owned(),
        },
    }
}

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|w| !w.starts_with('-'))
        .collect();
    let part = words.first().cloned().unwrap_or_default();
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    thread.spawn(move || all(&part)).unwrap().join().unwrap();
}

fn all(part: &str) {
    let mut builder = shop::builder();
    wide::add(&mut builder);
    let catalog = builder.build();
    let settings = Settings::with_search_path(&["pg_catalog", "public"], "app");
    look("SELECT 1", &settings, &catalog);
    for shape in shapes::all().iter().filter(|s| s.name.contains(part)) {
        let passes = |count: usize| {
            let text = shape.text(count);
            text.len() <= 16 << 20 && look(&text, &settings, &catalog).class != Class::Unknown
        };
        // The largest number of repetitions that is understood, to one part in fifty.
        let (mut low, mut high) = (0, shape.most);
        if passes(high) {
            low = high;
        }
        while high > low + 1 + low / 50 {
            let middle = (low + high) / 2;
            match passes(middle) {
                true => low = middle,
                false => high = middle,
            }
        }
        println!("{}", shape.name);
        let mut counts = vec![low / 10, low / 2, low];
        counts.extend((high > low).then_some(high));
        counts.extend((shape.most > high).then_some(shape.most));
        counts.dedup();
        for count in counts {
            let seen = look(&shape.text(count), &settings, &catalog);
            let slow = seen.time > Duration::from_secs(1) || seen.peak > 300 << 20;
            println!(
                "  {:>9} {:>8} KiB {:>9.1} ms {:>7} KiB {:>9} allocations {} {:?} {}",
                count,
                seen.bytes >> 10,
                seen.time.as_secs_f64() * 1e3,
                seen.peak >> 10,
                seen.allocations,
                if slow { "!!" } else { "  " },
                seen.class,
                seen.reason,
            );
        }
    }
}
