//! Writes small MMDB files, after the public description of the format (<https://maxmind.github.io/MaxMind-DB/>).

use std::net::IpAddr;

/// A value of a record.
pub(crate) enum Value {
    Text(&'static str),
    Double(f64),
    Float(f32),
    Short(u16),
    Number(u32),
    Long(u64),
    Map(Vec<(&'static str, Value)>),
    List(Vec<Value>),
}

/// One field of a map.
pub(crate) fn map<const N: usize>(fields: [(&'static str, Value); N]) -> Value {
    Value::Map(fields.into())
}

/// A database of these networks (`address/length`), disjoint.
pub(crate) fn database(
    kind: &'static str,
    ip_version: u16,
    record_bits: u16,
    networks: &[(&str, Value)],
) -> Vec<u8> {
    let mut data = Vec::new();
    // Of each node its two children; a child is a node, nothing, or an offset in the data.
    let mut nodes = vec![[Child::Nothing; 2]];
    for (network, value) in networks {
        let offset = data.len();
        write(&mut data, value);
        let (address, length) = network.split_once('/').expect("address/length");
        let length: u32 = length.parse().expect("a length");
        let (bits, length) = match address.parse().expect("an address") {
            IpAddr::V4(address) if ip_version == 4 => (u128::from(address.to_bits()) << 96, length),
            IpAddr::V4(address) => (u128::from(address.to_bits()), length + 96),
            IpAddr::V6(address) => (address.to_bits(), length),
        };
        insert(&mut nodes, bits, length, offset);
    }
    let count = nodes.len();
    let mut file = Vec::new();
    for node in &nodes {
        let child = |child: Child| match child {
            Child::Nothing => count as u64,
            Child::Node(node) => node as u64,
            Child::Data(offset) => (count + 16 + offset) as u64,
        };
        let (left, right) = (child(node[0]), child(node[1]));
        match record_bits {
            24 => file.extend([&left.to_be_bytes()[5..], &right.to_be_bytes()[5..]].concat()),
            28 => {
                file.extend(&left.to_be_bytes()[5..]);
                file.push(((left >> 24) << 4 | right >> 24) as u8);
                file.extend(&right.to_be_bytes()[5..]);
            }
            _ => file.extend([&left.to_be_bytes()[4..], &right.to_be_bytes()[4..]].concat()),
        }
    }
    file.extend([0; 16]);
    file.extend(data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    let metadata = map([
        ("binary_format_major_version", Value::Short(2)),
        ("binary_format_minor_version", Value::Short(0)),
        ("build_epoch", Value::Long(1_700_000_000)),
        ("database_type", Value::Text(kind)),
        ("description", map([])),
        ("ip_version", Value::Short(ip_version)),
        ("languages", Value::List(vec![Value::Text("en")])),
        ("node_count", Value::Number(count as u32)),
        ("record_size", Value::Short(record_bits)),
    ]);
    write(&mut file, &metadata);
    file
}

#[derive(Clone, Copy)]
enum Child {
    Nothing,
    Node(usize),
    Data(usize),
}

fn insert(nodes: &mut Vec<[Child; 2]>, bits: u128, length: u32, offset: usize) {
    let mut node = 0;
    for depth in 0..length {
        let side = (bits >> (127 - depth) & 1) as usize;
        if depth + 1 == length {
            nodes[node][side] = Child::Data(offset);
        } else if let Child::Node(next) = nodes[node][side] {
            node = next;
        } else {
            nodes.push([Child::Nothing; 2]);
            nodes[node][side] = Child::Node(nodes.len() - 1);
            node = nodes.len() - 1;
        }
    }
}

fn write(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Text(text) => {
            control(out, 2, text.len());
            out.extend(text.as_bytes());
        }
        Value::Double(number) => {
            control(out, 3, 8);
            out.extend(number.to_be_bytes());
        }
        Value::Float(number) => {
            control(out, 15, 4);
            out.extend(number.to_be_bytes());
        }
        Value::Short(number) => {
            control(out, 5, 2);
            out.extend(number.to_be_bytes());
        }
        Value::Number(number) => {
            control(out, 6, 4);
            out.extend(number.to_be_bytes());
        }
        Value::Long(number) => {
            control(out, 9, 8);
            out.extend(number.to_be_bytes());
        }
        Value::Map(fields) => {
            control(out, 7, fields.len());
            for (key, value) in fields {
                write(out, &Value::Text(key));
                write(out, value);
            }
        }
        Value::List(values) => {
            control(out, 11, values.len());
            for value in values {
                write(out, value);
            }
        }
    }
}

/// Type and size. Sizes from 29 on take a byte more.
fn control(out: &mut Vec<u8>, kind: u8, size: usize) {
    let low = size.min(29) as u8;
    out.push(if kind > 7 { low } else { kind << 5 | low });
    if kind > 7 {
        out.push(kind - 7);
    }
    if size >= 29 {
        out.push(u8::try_from(size - 29).expect("a short value"));
    }
}
