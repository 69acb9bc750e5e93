//! As much of PostgreSQL's protocol as a relay needs (PostgreSQL manual, 55.7 "Message Formats").
//!
//! Owns: frames and rows. Refuses: to understand more than it must.

use std::io::{BufReader, BufWriter, Error, Read, Result, Write};
use std::os::unix::net::UnixStream;

/// One end of a connection.
pub struct Stream {
    input: BufReader<UnixStream>,
    output: BufWriter<UnixStream>,
}

/// A message with its type.
pub struct Frame {
    pub tag: u8,
    pub body: Vec<u8>,
}

impl Stream {
    pub fn new(stream: UnixStream) -> Result<Stream> {
        Ok(Stream {
            input: BufReader::with_capacity(1 << 16, stream.try_clone()?),
            output: BufWriter::with_capacity(1 << 16, stream),
        })
    }

    /// The first message of a connection has no type.
    pub fn startup(&mut self) -> Result<Vec<u8>> {
        self.body()
    }

    fn body(&mut self) -> Result<Vec<u8>> {
        let mut length = [0; 4];
        self.input.read_exact(&mut length)?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(0);
        let mut body = vec![
            0;
            length
                .checked_sub(4)
                .ok_or_else(|| Error::other("a frame too short"))?
        ];
        self.input.read_exact(&mut body)?;
        Ok(body)
    }

    /// The next message; none at the end of the connection.
    pub fn read(&mut self) -> Result<Option<Frame>> {
        let mut tag = [0];
        if self.input.read(&mut tag)? == 0 {
            return Ok(None);
        }
        let [tag] = tag;
        Ok(Some(Frame {
            tag,
            body: self.body()?,
        }))
    }

    pub fn write(&mut self, tag: Option<u8>, body: &[u8]) -> Result<()> {
        if let Some(tag) = tag {
            self.output.write_all(&[tag])?;
        }
        let length = u32::try_from(body.len() + 4).map_err(|_| Error::other("a frame too long"))?;
        self.output.write_all(&length.to_be_bytes())?;
        self.output.write_all(body)
    }

    pub fn raw(&mut self, bytes: &[u8]) -> Result<()> {
        self.output.write_all(bytes)?;
        self.output.flush()
    }

    pub fn flush(&mut self) -> Result<()> {
        self.output.flush()
    }
}

impl Frame {
    /// The values of a DataRow.
    pub fn row(&self) -> Vec<Option<String>> {
        let mut rest = self.body.get(2..).unwrap_or_default();
        let mut row = vec![];
        while let Some((length, after)) = rest.split_at_checked(4) {
            let length = i32::from_be_bytes(length.try_into().unwrap_or_default());
            match usize::try_from(length)
                .ok()
                .and_then(|l| after.split_at_checked(l))
            {
                Some((value, after)) => {
                    row.push(Some(String::from_utf8_lossy(value).into_owned()));
                    rest = after;
                }
                None => {
                    row.push(None);
                    rest = after;
                }
            }
        }
        row
    }

    /// The strings of a message that is made of them.
    pub fn strings(&self) -> Vec<String> {
        self.body
            .split(|b| *b == 0)
            .map(|s| String::from_utf8_lossy(s).into_owned())
            .collect()
    }
}
