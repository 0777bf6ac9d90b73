//! STS's documents in XML.
//!
//! `roxmltree` parses XML as specified and resolves namespaces. This module checks that STS could have
//! written the tree, and that nothing else is in it.

#[cfg(feature = "verify")]
use iam_principal::Identity;
use roxmltree::{Document, Node, ParsingOptions};

use crate::answer::document::{Caller, Fault};

/// The namespace of every element (STS API reference).
const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The most nodes in a document: our choice, three times as many as in a genuine document with its
/// line breaks.
const MAX_NODES: u32 = 64;

pub(super) fn read_caller(text: &str) -> Option<Caller> {
    let document = parse(text)?;
    let root = named(document.root_element(), "GetCallerIdentityResponse")?;
    let [result, metadata] = children(root, ["GetCallerIdentityResult", "ResponseMetadata"])?;
    if let Some(metadata) = metadata {
        let [request_id] = children(metadata, ["RequestId"])?;
        text_of(request_id?)?;
    }
    let [arn, user_id, account] = children(result?, ["Arn", "UserId", "Account"])?;
    Some(Caller {
        arn: text_of(arn?)?.to_owned(),
        account: text_of(account?)?.to_owned(),
        user_id: text_of(user_id?)?.to_owned(),
    })
}

pub(super) fn read_fault(text: &str) -> Option<Fault> {
    let document = parse(text)?;
    let root = named(document.root_element(), "ErrorResponse")?;
    let [error, _request_id] = children(root, ["Error", "RequestId"])?;
    let names = ["Type", "Code", "Message", "Detail"];
    let [sort, code, _message, _detail] = children(error?, names)?;
    Some(Fault {
        is_the_senders: sort.is_none_or(|sort| text_of(sort) == Some("Sender")),
        code: text_of(code?)?.to_owned(),
    })
}

#[cfg(feature = "verify")]
pub(super) fn write_caller(caller: &Identity, request_id: &str) -> String {
    let (arn, user_id) = (escape(caller.arn()), escape(caller.raw_user_id()));
    let account = caller.account();
    format!(
        r#"<GetCallerIdentityResponse xmlns="{NAMESPACE}">
  <GetCallerIdentityResult>
    <Arn>{arn}</Arn>
    <UserId>{user_id}</UserId>
    <Account>{account}</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>{request_id}</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
"#
    )
}

#[cfg(feature = "verify")]
pub(super) fn write_fault(code: &str, message: &str, request_id: &str) -> String {
    let message = escape(message);
    format!(
        r#"<ErrorResponse xmlns="{NAMESPACE}">
  <Error>
    <Type>Sender</Type>
    <Code>{code}</Code>
    <Message>{message}</Message>
  </Error>
  <RequestId>{request_id}</RequestId>
</ErrorResponse>
"#
    )
}

/// Escapes the text of an element (XML 1.0, section 2.4).
#[cfg(feature = "verify")]
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn parse(text: &str) -> Option<Document<'_>> {
    let text = after_declaration(text)?;
    // A document type, comment, CDATA section or processing instruction. STS never writes these, and each
    // can make two parsers see different text: CVE-2020-16250, and several SAML libraries that read an
    // identity around a comment.
    if text.contains("<!") || text.contains("<?") {
        return None;
    }
    // `<:UserId>`: an empty prefix (Namespaces in XML 1.0, section 4). The parser reads it as no prefix, and pairs
    // it with `</UserId>`. Every `<` begins a tag.
    if text.contains("<:") || text.contains("</:") {
        return None;
    }
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: MAX_NODES,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).ok()
}

/// Strips an XML declaration of version 1.0 and UTF-8 (XML 1.0, section 2.8); `None` for any other
/// declaration. Parsers disagree about the end of others, because `?>` may occur in quotes.
fn after_declaration(text: &str) -> Option<&str> {
    let Some(rest) = text.strip_prefix("<?xml ") else {
        return Some(text);
    };
    let (declaration, rest) = rest.split_once("?>")?;
    let declaration = declaration.to_ascii_lowercase();
    let mut words = declaration.split_ascii_whitespace();
    let is_version = words.next().is_some_and(|word| VERSIONS.contains(&word));
    let is_encoding = words.next().is_none_or(|word| ENCODINGS.contains(&word));
    (is_version && is_encoding && words.next().is_none()).then_some(rest)
}

const VERSIONS: [&str; 2] = [r#"version="1.0""#, "version='1.0'"];
const ENCODINGS: [&str; 2] = [r#"encoding="utf-8""#, "encoding='utf-8'"];

/// Returns the element if it has this name in STS's namespace and no attributes.
fn named<'a, 'input>(element: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    let is_it = element.has_tag_name((NAMESPACE, name)) && element.attributes().len() == 0;
    is_it.then_some(element)
}

/// Returns the children with these names. Each may occur once; white space between them is ignored, and
/// anything else gives `None`.
fn children<'a, 'input, const N: usize>(
    parent: Node<'a, 'input>,
    names: [&str; N],
) -> Option<[Option<Node<'a, 'input>>; N]> {
    let mut found = [None; N];
    for child in parent.children() {
        if child.is_text() && child.text().is_some_and(|text| text.trim().is_empty()) {
            continue;
        }
        let index = names.iter().position(|name| named(child, name).is_some())?;
        match found.get_mut(index) {
            Some(slot @ None) => *slot = Some(child),
            _ => return None,
        }
    }
    Some(found)
}

/// Returns the text of an element whose only child is text.
fn text_of<'a>(element: Node<'a, '_>) -> Option<&'a str> {
    let mut inside = element.children();
    let only = inside.next()?;
    match inside.next() {
        None if only.is_text() => only.text(),
        _ => None,
    }
}
