//! Statements changed at random, the same ones every time.
#![allow(dead_code)]

/// A statement with words taken out, put in, exchanged or doubled.
pub fn mutated(all: &[Vec<String>], random: &mut Random) -> String {
    let mut text = all[random.below(all.len())].clone();
    for _ in 0..=random.below(3) {
        if text.is_empty() {
            break;
        }
        let other = &all[random.below(all.len())];
        let word = other[random.below(other.len())].clone();
        let at = random.below(text.len());
        match random.below(4) {
            0 => {
                text.remove(at);
            }
            1 => text.insert(at, word),
            2 => text[at] = word,
            _ => {
                let again = text[at].clone();
                text.insert(at, again);
            }
        }
    }
    text.concat()
}

/// Enough of a generator of numbers, the same ones every time.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

/// Words as a tokenizer would roughly cut them.
pub fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![];
    let mut last = ' ';
    for c in text.trim().chars() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        if word(c) && word(last) {
            words.last_mut().unwrap().push(c);
        } else {
            words.push(c.to_string());
        }
        last = c;
    }
    words
}
