//! The real grammar's tree, as nodes with names and fields.
//!
//! Owns: [`Node`] and reading it out of the debug text of `pg_query`'s protobuf types, so that nothing of a tree can be
//! forgotten: what has no rule of its own is walked like everything else. Refuses: to know what any node means.

/// A node: the name of its type, its fields.
#[derive(Debug)]
pub struct Node<'a> {
    pub name: &'a str,
    pub fields: Vec<(&'a str, Value<'a>)>,
}

/// What a field holds.
#[derive(Debug)]
pub enum Value<'a> {
    Nothing,
    Word(&'a str),
    Text(String),
    Node(Node<'a>),
    List(Vec<Value<'a>>),
}

impl<'a> Node<'a> {
    pub fn field(&self, name: &str) -> &Value<'a> {
        self.fields
            .iter()
            .find(|(n, _)| *n == name)
            .map_or(&Value::Nothing, |(_, value)| value)
    }

    /// The text or word of a field, empty if there is none.
    pub fn text(&self, name: &str) -> &str {
        match self.field(name) {
            Value::Text(text) => text,
            Value::Word(word) => word,
            Value::Nothing | Value::Node(_) | Value::List(_) => "",
        }
    }

    pub fn number(&self, name: &str) -> i64 {
        self.text(name).parse().unwrap_or(0)
    }

    pub fn node(&self, name: &str) -> Option<&Node<'a>> {
        match self.field(name) {
            Value::Node(node) => Some(node),
            Value::Nothing | Value::Text(_) | Value::Word(_) | Value::List(_) => None,
        }
    }

    /// The nodes of a list.
    pub fn nodes(&self, name: &str) -> Vec<&Node<'a>> {
        self.field(name).nodes()
    }

    /// The strings of a list of String nodes.
    pub fn strings(&self, name: &str) -> Vec<&str> {
        self.nodes(name)
            .iter()
            .filter(|n| n.name == "String")
            .map(|n| n.text("sval"))
            .collect()
    }
}

impl<'a> Value<'a> {
    pub fn nodes(&self) -> Vec<&Node<'a>> {
        match self {
            Value::List(list) => list.iter().flat_map(Value::nodes).collect(),
            Value::Node(node) => vec![node],
            Value::Nothing | Value::Text(_) | Value::Word(_) => vec![],
        }
    }
}

/// Reads a debug text.
pub fn read(debug: &str) -> Option<Value<'_>> {
    let mut reader = Reader { rest: debug };
    let value = reader.value()?;
    reader.rest.is_empty().then_some(value)
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn takes(&mut self, what: &str) -> bool {
        match self.rest.strip_prefix(what) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> &'a str {
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '#')))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn value(&mut self) -> Option<Value<'a>> {
        if self.takes("[") {
            let mut list = vec![];
            while !self.takes("]") {
                list.push(self.value()?);
                self.takes(", ");
            }
            return Some(Value::List(list));
        }
        if self.rest.starts_with('"') {
            return Some(Value::Text(self.string()?));
        }
        let word = self.word();
        if word.is_empty() {
            return None;
        }
        if self.takes("(") {
            // `Some(x)` is x; so is a variant that holds a node.
            let inner = self.value()?;
            if !self.takes(")") {
                return None;
            }
            return Some(match inner {
                Value::Word(name) if name == word => Value::Node(Node {
                    name,
                    fields: vec![],
                }),
                inner => inner,
            });
        }
        if self.takes(" { ") {
            let mut fields = vec![];
            while !self.takes(" }") {
                let name = self.word();
                if !self.takes(": ") {
                    return None;
                }
                fields.push((name, self.value()?));
                self.takes(", ");
            }
            if word == "Node" {
                return fields.pop().map(|(_, value)| value);
            }
            return Some(Value::Node(Node { name: word, fields }));
        }
        Some(match word {
            "None" => Value::Nothing,
            word => Value::Word(word),
        })
    }

    /// A string as Rust's `Debug` writes it.
    fn string(&mut self) -> Option<String> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Some(text);
                }
                '\\' => match chars.next()?.1 {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    '0' => text.push('\0'),
                    'u' => {
                        let digits: String = chars
                            .by_ref()
                            .map(|(_, c)| c)
                            .skip_while(|c| *c == '{')
                            .take_while(|c| *c != '}')
                            .collect();
                        text.push(char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?);
                    }
                    other => text.push(other),
                },
                c => text.push(c),
            }
        }
        None
    }
}
