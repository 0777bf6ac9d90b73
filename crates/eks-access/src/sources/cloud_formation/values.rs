//! The values of a template, with its functions filled in as far as they are known.

use std::cell::Cell;

use bounded_yaml::{Kind, Mapping, Node, Scalar};

use super::Account;
use super::manifest::MAX_MANIFEST;

/// A template, and the parameters and resources that its values may refer to.
pub(super) struct Template<'t> {
    parameters: Option<&'t Node>,
    resources: &'t Mapping,
    account: Option<&'t Account>,
    /// The number of values that may still be filled in.
    budget: Cell<usize>,
    /// The limit on the length of a text.
    max_text: Cell<usize>,
}

/// The depth of nested functions that is read. Our choice: `Fn::Join` in `Fn::Join` has two.
pub(super) const MAX_DEPTH: usize = 16;

/// The number of values of a template that are filled in. A template has at most 500 resources (CloudFormation
/// quotas). Functions that repeat each other could otherwise take time that grows with every level.
const MAX_VALUES: usize = 100_000;

/// The length of a text that is filled in, in bytes. An ARN has at most 2,048.
const MAX_TEXT: usize = 8192;

impl<'t> Template<'t> {
    /// Takes a template with its resources.
    pub(super) fn new(
        node: &'t Node,
        resources: &'t Mapping,
        account: Option<&'t Account>,
    ) -> Self {
        Self {
            parameters: node.get("Parameters"),
            resources,
            account,
            budget: Cell::new(MAX_VALUES),
            max_text: Cell::new(MAX_TEXT),
        }
    }

    /// Returns a resource by its logical id.
    pub(super) fn resource(&self, id: &str) -> Option<&'t Node> {
        self.resources.get(id)
    }
}

impl Template<'_> {
    /// Fills in the text of a manifest, which may be longer than a name.
    pub(super) fn resolve_manifest(&self, node: &Node) -> Result<String, String> {
        self.max_text.set(MAX_MANIFEST);
        let filled = self.resolve(node, MAX_DEPTH);
        self.max_text.set(MAX_TEXT);
        filled
    }

    fn check_length(&self, text: &str) -> Result<(), String> {
        match text.len() > self.max_text.get() {
            true => Err("a text is too long".to_owned()),
            false => Ok(()),
        }
    }

    pub(super) fn texts(&self, node: &Node) -> Result<Node, String> {
        let items = list(node)?.into_iter().map(|one| self.text_node(one));
        Ok(Node::Sequence(items.collect::<Result<_, _>>()?))
    }

    pub(super) fn text_node(&self, node: &Node) -> Result<Node, String> {
        let text = self.resolve(node, MAX_DEPTH)?;
        let place = first_scalar(node);
        Ok(Node::Scalar(match place {
            Some(scalar) => scalar.with_text(&text),
            None => Scalar::new(&text, Kind::String),
        }))
    }

    /// Fills in a value. CloudFormation looks up a dynamic reference in it only when the template is deployed
    /// (CloudFormation, "Get values stored in other services using dynamic references").
    pub(super) fn resolve(&self, node: &Node, depth: usize) -> Result<String, String> {
        let filled = self.fill(node, depth)?;
        match filled.contains(DYNAMIC_REFERENCE) {
            true => Err(format!("{DYNAMIC_REFERENCE}…}}}} is not filled in")),
            false => Ok(filled),
        }
    }

    fn fill(&self, node: &Node, depth: usize) -> Result<String, String> {
        let depth = depth.checked_sub(1).ok_or("too many nested functions")?;
        let left = self
            .budget
            .get()
            .checked_sub(1)
            .ok_or("too many functions")?;
        self.budget.set(left);
        match node {
            Node::Null => Err("a value is missing".to_owned()),
            Node::Scalar(scalar) => Ok(scalar.text().to_owned()),
            Node::Mapping(mapping) => {
                let function = mapping.entries().first();
                let (name, value) = function.ok_or("a value is missing")?;
                match (name.text(), value) {
                    ("!Ref" | "Ref", Node::Scalar(name)) => self.reference(name.text()),
                    ("!Sub" | "Fn::Sub", Node::Scalar(text)) => {
                        self.substitute(text.text(), None, depth)
                    }
                    ("!Sub" | "Fn::Sub", Node::Sequence(parts)) => {
                        self.substitute_with(parts, depth)
                    }
                    ("!GetAtt" | "Fn::GetAtt", Node::Scalar(name)) => self.attribute(name.text()),
                    ("!GetAtt" | "Fn::GetAtt", Node::Sequence(parts)) => {
                        let parts: Vec<&str> = parts.iter().filter_map(Node::as_text).collect();
                        self.attribute(&parts.join("."))
                    }
                    ("!Join" | "Fn::Join", Node::Sequence(parts)) => self.join(parts, depth),
                    (name, _) => Err(format!("{name} is not filled in")),
                }
            }
            Node::Sequence(_) => Err("a list stands in place of a text".to_owned()),
        }
    }

    fn join(&self, parts: &[Node], depth: usize) -> Result<String, String> {
        let [delimiter, Node::Sequence(values)] = parts else {
            return Err("Fn::Join is not filled in".to_owned());
        };
        let values = values.iter().map(|value| self.resolve(value, depth));
        let delimiter = delimiter.as_text().ok_or("Fn::Join has no delimiter")?;
        let mut joined = String::new();
        for (at, value) in values.enumerate() {
            if at > 0 {
                joined.push_str(delimiter);
            }
            joined.push_str(&value?);
            self.check_length(&joined)?;
        }
        Ok(joined)
    }

    /// Fills in a reference to a parameter, or to a resource with a written name.
    fn reference(&self, name: &str) -> Result<String, String> {
        let of_account = |field: fn(&Account) -> &String| {
            let hint = "add the output of `aws eks describe-cluster`, which has the account";
            let account = self.account.map(|account| field(account).clone());
            account.ok_or_else(|| format!("{name} is not known; {hint}"))
        };
        match name {
            "AWS::AccountId" => return of_account(|account| &account.id),
            "AWS::Partition" => return of_account(|account| &account.partition),
            "AWS::Region" => return of_account(|account| &account.region),
            _ => {}
        }
        match self.parameters.and_then(|all| all.get(name)) {
            Some(parameter) => default_of(name, parameter),
            None => {
                let own = self.name_of(name).map(|(_, own)| own.to_owned());
                own.ok_or_else(|| format!("{name} is not known"))
            }
        }
    }

    /// Returns the kind in the ARN of a role or a user of the template, and the name that is written for it. Other
    /// resources have other references, such as the id of an access key.
    fn name_of(&self, resource: &str) -> Option<(&'static str, &str)> {
        let resource = self.resource(resource)?;
        let (kind, key) = match resource.get("Type")?.as_text()? {
            "AWS::IAM::Role" => ("role", "RoleName"),
            "AWS::IAM::User" => ("user", "UserName"),
            _ => return None,
        };
        let properties = resource.get("Properties")?;
        fields(properties).ok()?;
        Some((kind, properties.get(key)?.as_text()?))
    }

    /// Fills in `RESOURCE.Arn` of a role or a user.
    fn attribute(&self, name: &str) -> Result<String, String> {
        let unknown = || format!("{name} is not known");
        let resource = name.strip_suffix(".Arn").ok_or_else(unknown)?;
        let (kind, own) = self.name_of(resource).ok_or_else(unknown)?;
        let of_resource = self.resource(resource).ok_or_else(unknown)?;
        let path = of_resource
            .get("Properties")
            .and_then(|one| one.get("Path"));
        let path = match path {
            None => "/",
            Some(path) => path.as_text().ok_or_else(unknown)?,
        };
        let (partition, id) = (
            self.reference("AWS::Partition")?,
            self.reference("AWS::AccountId")?,
        );
        Ok(format!("arn:{partition}:iam::{id}:{kind}{path}{own}"))
    }

    /// Fills in a text that comes with the values of its variables.
    fn substitute_with(&self, parts: &[Node], depth: usize) -> Result<String, String> {
        let [text, variables] = parts else {
            return Err("Fn::Sub is not filled in".to_owned());
        };
        let text = text.as_text().ok_or("Fn::Sub has no text")?;
        self.substitute(text, Some(variables), depth)
    }

    /// Fills in `${NAME}` and `${RESOURCE.Arn}`. `${!NAME}` stands for `${NAME}` itself.
    fn substitute(
        &self,
        text: &str,
        variables: Option<&Node>,
        depth: usize,
    ) -> Result<String, String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            filled.push_str(before);
            let (name, after) = after.split_once('}').ok_or("a `${` has no `}`")?;
            let own = variables.and_then(|all| all.get(name));
            match (own, name.strip_prefix('!')) {
                (Some(value), _) => filled.push_str(&self.resolve(value, depth)?),
                (None, Some(literal)) => {
                    filled.push_str("${");
                    filled.push_str(literal);
                    filled.push('}');
                }
                (None, None) if name.contains('.') => filled.push_str(&self.attribute(name)?),
                (None, None) => filled.push_str(&self.reference(name)?),
            }
            self.check_length(&filled)?;
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

/// The beginning of a dynamic reference.
const DYNAMIC_REFERENCE: &str = "{{resolve:";

/// Returns the default of a parameter, which is its value unless another one is given. That of a parameter in AWS
/// Systems Manager is the name of the value, and a list is no text (CloudFormation, "Parameters section").
fn default_of(name: &str, parameter: &Node) -> Result<String, String> {
    let kind = match parameter.get("Type") {
        None => "String",
        Some(kind) => kind.as_text().unwrap_or_default(),
    };
    if kind.starts_with("AWS::SSM::Parameter::Value<") {
        return Err(format!(
            "the value of {name} is in AWS Systems Manager and is not filled in"
        ));
    }
    if kind == "CommaDelimitedList" || kind.starts_with("List<") {
        return Err(format!("{name} is a list and is not filled in"));
    }
    let default = parameter.get("Default").and_then(Node::as_text);
    let default = default.filter(|_| !kind.is_empty());
    default
        .map(str::to_owned)
        .ok_or_else(|| format!("{name} is not known"))
}

/// Returns whether a key of an object is a function, which may write other keys beside it or in its place.
fn is_function(key: &Scalar) -> bool {
    let key = key.text();
    key == "Ref" || key.starts_with("Fn::") || key.starts_with('!')
}

/// Returns whether a value stands for none: `AWS::NoValue` removes the property or the item that it is the value of
/// (CloudFormation, "Pseudo parameters reference").
pub(super) fn is_no_value(node: &Node) -> bool {
    let referred = node.get("!Ref").or_else(|| node.get("Ref"));
    referred.and_then(Node::as_text) == Some("AWS::NoValue")
}

/// Returns the fields of an object that no function writes.
pub(super) fn fields(node: &Node) -> Result<&[(Scalar, Node)], String> {
    let entries = node.as_mapping().ok_or("an object is missing")?.entries();
    match entries.iter().find(|(key, _)| is_function(key)) {
        Some((key, _)) => Err(format!("{} is not filled in", key.text())),
        None => Ok(entries),
    }
}

/// Returns the properties of a resource that surely exists.
pub(super) fn properties(resource: &Node) -> Result<&Node, String> {
    fields(resource)?;
    if let Some(condition) = resource.get("Condition") {
        let condition = condition.as_text().unwrap_or_default();
        return Err(format!("it exists only if {condition} is true"));
    }
    let properties = resource.get("Properties");
    properties.ok_or_else(|| "it has no properties".to_owned())
}

/// Returns the items of a list that is written as a list.
pub(super) fn list(node: &Node) -> Result<Vec<&Node>, String> {
    match node {
        Node::Sequence(items) => Ok(items.iter().filter(|one| !is_no_value(one)).collect()),
        Node::Null => Ok(Vec::new()),
        Node::Mapping(_) => {
            fields(node)?;
            Err("an object stands in place of a list".to_owned())
        }
        Node::Scalar(_) => Err("a text stands in place of a list".to_owned()),
    }
}

fn first_scalar(node: &Node) -> Option<&Scalar> {
    match node {
        Node::Null => None,
        Node::Scalar(scalar) => Some(scalar),
        Node::Sequence(items) => items.iter().find_map(first_scalar),
        Node::Mapping(mapping) => {
            let (key, value) = mapping.entries().first()?;
            // A tag has no place.
            key.offset().map(|_| key).or_else(|| first_scalar(value))
        }
    }
}
