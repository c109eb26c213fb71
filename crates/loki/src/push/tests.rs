//! What is written is read again.

use proptest::prelude::*;

use super::*;
use crate::labels::Labels;

#[test]
fn a_request_is_what_protobuf_says() {
    let mut stream = StreamBuffer::new(r#"{a="b"}"#);
    stream.push(1_000_000_002, "hi", &[("k", "v")]);
    let expected = [
        &[0x0a, 29, 0x0a, 7][..],
        br#"{a="b"}"#,
        &[0x12, 18, 0x0a, 4, 0x08, 1, 0x10, 2, 0x12, 2],
        b"hi",
        &[0x1a, 6, 0x0a, 1, b'k', 0x12, 1, b'v'],
    ]
    .concat();
    assert_eq!(encode([&stream]), expected);
    assert_eq!(stream.encoded_len(), expected.len());
}

#[test]
fn the_json_form() {
    let labels = Labels::new([("app", "x")]).unwrap();
    let mut stream = StreamBuffer::new(labels.to_string());
    stream.push::<&str, &str>(5, "a \"line\" <>", &[]);
    stream.push(-1, "b", &[("k", "v")]);
    let expected = r#"{"streams":[{"stream":{"app":"x"},"values":[["5","a \"line\" <>"],["-1","b",{"k":"v"}]]}]}"#;
    assert_eq!(encode_json([(&labels, &stream)]), expected);
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        streams in proptest::collection::vec(
            (any::<String>(), proptest::collection::vec((any::<i64>(), any::<String>(), proptest::collection::vec((any::<String>(), any::<String>()), 0..3)), 0..4)),
            0..4,
        )
    ) {
        let buffers: Vec<StreamBuffer> = streams.iter().map(|(labels, entries)| {
            let mut buffer = StreamBuffer::new(labels.clone());
            for (timestamp, line, metadata) in entries {
                buffer.push(*timestamp, line, metadata);
            }
            buffer
        }).collect();
        let bytes = encode(&buffers);
        prop_assert_eq!(bytes.len(), buffers.iter().map(StreamBuffer::encoded_len).sum::<usize>());
        let decoded = decode(&bytes).unwrap();
        for ((labels, entries), stream) in streams.iter().zip(&decoded.streams) {
            prop_assert_eq!(labels, stream.labels);
            prop_assert_eq!(entries.len(), stream.entries.len());
            for ((timestamp, line, metadata), entry) in entries.iter().zip(&stream.entries) {
                prop_assert_eq!((*timestamp, line.as_str()), (entry.timestamp, entry.line));
                let pairs: Vec<_> = metadata.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                prop_assert_eq!(&pairs, &entry.metadata);
            }
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = decode(&bytes);
    }
}
