use std::fmt;

use http::Response;
use iam_principal::{Identity, Partition};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use sts_presign::{AnswerError, read_identity};

/// Asserts that an answer is refused, or names exactly one caller.
///
/// A second, lenient reader collects every element of any name at any depth. It must find the three
/// facts that were read (ARN, account and user id), and no second value of any of them.
///
/// The first byte chooses status and format.
///
/// # Panics
///
/// If the property does not hold.
pub fn an_answer_names_one_caller(bytes: &[u8]) {
    let Some((&choice, body)) = bytes.split_first() else {
        return;
    };
    let is_xml = choice & 1 == 1;
    let content_type = if is_xml {
        "text/xml"
    } else {
        "application/json"
    };
    let status = match choice & 6 {
        0 => 200,
        2 => 403,
        4 => 400,
        _ => 503,
    };
    let answer = Response::builder()
        .status(status)
        .header("content-type", content_type)
        .body(body);
    let Ok(answer) = answer else { return };
    for partition in [Partition::Aws, Partition::AwsCn] {
        let got = read_identity(&answer, partition);
        let facts = || match is_xml {
            true => xml_facts(body),
            false => json_facts(body),
        };
        match got {
            Ok(caller) => {
                assert_eq!(status, 200, "named by a refusal");
                assert_eq!(caller.partition(), partition);
                is_the_only_one(&caller, &facts());
            }
            Err(AnswerError::Refused(refusal)) => {
                assert!(status == 400 || status == 403, "refused with {status}");
                let facts = facts();
                assert_eq!(values(&facts, "Code"), [refusal.as_str()], "{facts:?}");
            }
            Err(AnswerError::Failed(_)) => {}
        }
    }
}

fn is_the_only_one(caller: &Identity, facts: &[(String, String)]) {
    let account = caller.account().to_string();
    for (name, value) in [
        ("Arn", caller.arn()),
        ("UserId", caller.raw_user_id()),
        ("Account", account.as_str()),
    ] {
        assert_eq!(values(facts, name), [value], "{name} in {facts:?}");
    }
    assert_eq!(caller.arn().split(':').nth(4), Some(account.as_str()));
}

/// Returns the values of a name, compared without regard to case as Go's JSON decoder does.
fn values<'f>(facts: &'f [(String, String)], name: &str) -> Vec<&'f str> {
    let of_it = facts.iter().filter(|(of, _)| of.eq_ignore_ascii_case(name));
    of_it.map(|(_, value)| value.as_str()).collect()
}

/// Returns the text of each element, by the name of the element without its prefix.
fn xml_facts(body: &[u8]) -> Vec<(String, String)> {
    let Ok(body) = std::str::from_utf8(body) else {
        return Vec::new();
    };
    let mut reader = Reader::from_str(body);
    let (mut facts, mut names, mut text) = (Vec::new(), Vec::new(), String::new());
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => {
                names.push(tag.local_name().as_ref().to_owned());
                text.clear();
            }
            Ok(Event::End(_)) => {
                if let Some(name) = names.pop() {
                    facts.push((name, std::mem::take(&mut text)));
                }
            }
            Ok(Event::Text(more)) => text.push_str(&more),
            Ok(Event::CData(more)) => text.push_str(&more),
            Ok(Event::GeneralRef(name)) => match (name.resolve_char_ref(), &*name) {
                (Ok(Some(letter)), _) => text.push(letter),
                (_, "amp") => text.push('&'),
                (_, "lt") => text.push('<'),
                (_, "gt") => text.push('>'),
                (_, "quot") => text.push('"'),
                (_, "apos") => text.push('\''),
                _ => text.push('\u{FFFD}'),
            },
            Ok(Event::Eof) | Err(_) => return facts,
            Ok(_) => {}
        }
    }
}

/// Returns each string value by its key, including repeated keys.
fn json_facts(body: &[u8]) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let all = All {
        name: String::new(),
        facts: &mut facts,
    };
    let mut reader = serde_json::Deserializer::from_slice(body);
    // Values found before a syntax error count as well.
    let _ = all.deserialize(&mut reader);
    facts
}

struct All<'f> {
    name: String,
    facts: &'f mut Vec<(String, String)>,
}

impl<'de> DeserializeSeed<'de> for All<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for All<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.facts.push((self.name, text.to_owned()));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        loop {
            let item = All {
                name: self.name.clone(),
                facts: &mut *self.facts,
            };
            if items.next_element_seed(item)?.is_none() {
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(name) = fields.next_key()? {
            let field = All {
                name,
                facts: &mut *self.facts,
            };
            fields.next_value_seed(field)?;
        }
        Ok(())
    }
}
