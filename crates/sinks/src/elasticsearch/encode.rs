//! Documents to the body of a `_bulk`.

use jiff::Timestamp;

use crate::Batch;

/// Bytes of an action line beside id and stream, and a time that is longer than the one it replaces.
const OVERHEAD_BYTES: usize = 80;

/// Two lines a document: the action, and the document with `event.ingested` set to `now`.
pub(super) fn body(batch: &Batch, stream: &str, now: Timestamp) -> Vec<u8> {
    let lines =
        batch.documents.iter().map(|document| document.id.len() + document.namespace.len() + stream.len());
    let mut body =
        Vec::with_capacity(batch.bytes() + lines.sum::<usize>() + OVERHEAD_BYTES * batch.documents.len());
    for document in &batch.documents {
        body.extend_from_slice(b"{\"create\":{\"_index\":");
        text(&mut body, &stream_name(stream, &document.namespace));
        body.extend_from_slice(b",\"_id\":");
        text(&mut body, &document.id);
        body.extend_from_slice(b"}}\n");
        document.write(now, &mut body);
        body.push(b'\n');
    }
    body
}

/// The data stream of a namespace.
pub(super) fn stream_name(stream: &str, namespace: &str) -> String {
    format!("{stream}-{namespace}")
}

/// A JSON string: ids come from outside.
fn text(body: &mut Vec<u8>, text: &str) {
    // A text always serialises, and memory always takes it.
    let _ = serde_json::to_writer(body, text);
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::Document;

    #[test]
    fn a_document_is_two_lines_and_an_odd_id_stays_one() {
        let document = |sequence, id: &str| {
            let json = Bytes::from(format!("{{\"n\":{sequence}}}"));
            Document::new(sequence, id, &"acme".into(), json)
        };
        let batch = Batch { documents: vec![document(1, "activity_1"), document(2, "a\"\n{}")] };
        let body = body(&batch, "logs-anthropic.audit", Timestamp::UNIX_EPOCH);
        assert_eq!(
            String::from_utf8(body).expect("text"),
            "{\"create\":{\"_index\":\"logs-anthropic.audit-acme\",\"_id\":\"activity_1\"}}\n{\"n\":1}\n\
             {\"create\":{\"_index\":\"logs-anthropic.audit-acme\",\"_id\":\"a\\\"\\n{}\"}}\n{\"n\":2}\n"
        );
    }
}
