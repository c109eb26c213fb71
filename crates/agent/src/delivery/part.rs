//! A request, or a part of one that was too large.

use wharf_loki::Labels;
use wharf_loki::entries::{Entry, entries};

use crate::batch::Request;

/// Streams with some of their entries.
#[derive(Debug, Clone)]
pub(super) struct Part<'a> {
    pub(super) streams: Vec<PartStream<'a>>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct PartStream<'a> {
    pub(super) labels: &'a Labels,
    pub(super) encoded: &'a [u8],
    pub(super) count: usize,
}

impl<'a> PartStream<'a> {
    pub(super) fn entries(self) -> impl Iterator<Item = Entry<'a>> {
        entries(self.encoded)
    }

    /// The stream's labels, and those for all streams that it does not have.
    pub(super) fn labels_with(self, external: &[(String, String)]) -> Labels {
        external.iter().fold(self.labels.clone(), |merged, (name, value)| match self.labels.get(name) {
            Some(_) => merged,
            None => merged.with(name.as_str(), value.as_str()),
        })
    }
}

impl<'a> Part<'a> {
    pub(super) fn whole(request: &'a Request) -> Self {
        let streams = request.streams.iter().filter(|stream| !stream.entries.is_empty());
        let streams = streams.map(|stream| PartStream {
            labels: &stream.labels,
            encoded: stream.entries.entries(),
            count: stream.entries.len(),
        });
        Self { streams: streams.collect() }
    }

    /// Without its first lines.
    pub(super) fn after(mut self, mut lines: usize) -> Self {
        self.streams.retain_mut(|stream| {
            let skipped = lines.min(stream.count);
            lines -= skipped;
            let bytes: usize = stream.entries().take(skipped).map(|entry| entry.encoded).sum();
            (stream.encoded, stream.count) = (&stream.encoded[bytes..], stream.count - skipped);
            stream.count > 0
        });
        self
    }

    pub(super) fn lines(&self) -> usize {
        self.streams.iter().map(|stream| stream.count).sum()
    }

    /// The lines of the stream that a server's message names, if it is one of these; else all.
    pub(super) fn lines_meant_by(&self, message: &str) -> usize {
        let meant = self.streams.iter().filter(|stream| {
            let labels = stream.labels.to_string();
            message.contains(labels.trim_matches(['{', '}']))
        });
        match meant.map(|stream| stream.count).sum() {
            0 => self.lines(),
            lines => lines,
        }
    }

    /// Two parts of about half the size, in order; `None`: it is one line.
    pub(super) fn split(&self) -> Option<(Self, Self)> {
        if self.lines() < 2 {
            return None;
        }
        let half = self.streams.iter().map(|stream| stream.encoded.len()).sum::<usize>() / 2;
        let (mut front, mut back, mut size) = (Vec::new(), Vec::new(), 0);
        for stream in &self.streams {
            let (mut bytes, mut count) = (0, 0);
            for entry in stream.entries() {
                // The first line is always in front.
                if size > 0 && size + entry.encoded > half {
                    break;
                }
                size += entry.encoded;
                bytes += entry.encoded;
                count += 1;
            }
            let (first, second) = stream.encoded.split_at(bytes);
            if count > 0 {
                front.push(PartStream { encoded: first, count, ..*stream });
            }
            if count < stream.count {
                // What follows it is behind, however small.
                size = size.max(half + 1);
                back.push(PartStream { encoded: second, count: stream.count - count, ..*stream });
            }
        }
        if back.is_empty() {
            return None;
        }
        Some((Self { streams: front }, Self { streams: back }))
    }
}

#[cfg(test)]
mod tests {
    use wharf_loki::push::StreamBuffer;

    use super::*;
    use crate::batch::BatchStream;

    fn request(counts: &[usize]) -> Request {
        let streams = counts.iter().enumerate().map(|(number, count)| {
            let labels = Labels::empty().with("n", number.to_string());
            let mut entries = StreamBuffer::new(labels.to_string());
            for line in 0..*count {
                entries.push::<&str, &str>(line as i64, &format!("line {line}"), &[]);
            }
            BatchStream { labels, entries }
        });
        Request { streams: streams.collect(), ..Request::default() }
    }

    fn lines(part: &Part<'_>) -> Vec<(String, i64)> {
        let streams = part.streams.iter();
        streams.flat_map(|stream| stream.entries().map(|entry| (stream.labels.to_string(), entry.timestamp))).collect()
    }

    proptest::proptest! {
        #[test]
        fn the_halves_are_the_whole_in_order(counts in proptest::collection::vec(0_usize..5, 1..5)) {
            let request = request(&counts);
            let whole = Part::whole(&request);
            match whole.split() {
                None => proptest::prop_assert!(whole.lines() < 2),
                Some((front, back)) => {
                    proptest::prop_assert!(front.lines() > 0 && back.lines() > 0);
                    let mut both = [lines(&front), lines(&back)].concat();
                    both.sort();
                    proptest::prop_assert_eq!(both, lines(&whole));
                    proptest::prop_assert_eq!(front.lines() + back.lines(), whole.lines());
                }
            }
        }
    }

    #[test]
    fn a_message_names_the_stream_it_is_about() {
        let request = request(&[2, 3]);
        let whole = Part::whole(&request);
        assert_eq!(whole.lines_meant_by("entry for stream '{n=\"1\", service_name=\"x\"}' has timestamp too old"), 3);
        assert_eq!(whole.lines_meant_by("bad"), 5);
    }
}
