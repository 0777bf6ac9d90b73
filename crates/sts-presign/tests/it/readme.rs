//! The front page lists the same checks as the code.

use std::collections::BTreeSet;

use sts_presign::{Check, Error};

use crate::judge::every_error;

const README: &str = include_str!("../../README.md");

fn name(error: Error) -> String {
    let printed = format!("{error:?}");
    printed.split(['(', ' ']).next().unwrap().to_owned()
}

/// Returns the numbered checks of one list, each with the errors that it names.
fn numbered(mark: &str) -> Vec<(usize, Vec<Error>)> {
    let mut items: Vec<(usize, String)> = Vec::new();
    let mut is_inside = false;
    for line in README.lines() {
        let number = line
            .strip_prefix(mark)
            .and_then(|rest| rest.split_once(". "));
        match number.map(|(number, text)| (number.parse::<usize>(), text)) {
            Some((Ok(number), text)) => {
                items.push((number, text.to_owned()));
                is_inside = true;
            }
            _ if is_inside && line.starts_with(' ') => items.last_mut().unwrap().1.push_str(line),
            _ => is_inside = false,
        }
    }
    let errors = every_error();
    let named = |text: &str| {
        let in_brackets = text
            .split('(')
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        let words = in_brackets.flat_map(|list| list.split('`').skip(1).step_by(2));
        let of_word = |word: &str| errors.iter().copied().find(|error| name(*error) == word);
        words.filter_map(of_word).collect()
    };
    items
        .iter()
        .map(|(number, text)| (*number, named(text)))
        .collect()
}

/// Asserts that each number is the position of its check, and returns the names of all errors.
fn documented(items: &[(usize, Vec<Error>)], order: &[Check]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (number, errors) in items {
        assert!(!errors.is_empty(), "{number} names no error");
        for error in errors {
            let mut places = (1..).zip(order);
            let place = places.find(|(_, check)| Check::of(*error) == Some(**check));
            assert_eq!(place.map(|(place, _)| place), Some(*number), "{error:?}");
            names.insert(name(*error));
        }
    }
    names
}

/// Returns the errors of the checks of one form, except an error that belongs to the other form.
fn possible(order: &[Check], not: Error) -> BTreeSet<String> {
    let of_it = |error: &Error| {
        *error != not && Check::of(*error).is_some_and(|check| order.contains(&check))
    };
    every_error().into_iter().filter(of_it).map(name).collect()
}

#[test]
fn the_numbers_of_the_front_page_are_the_order_of_the_code() {
    let url = numbered("");
    let numbers: Vec<usize> = url.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=22).collect::<Vec<_>>());
    let mut of_url = documented(&url, &Check::OF_URL);

    let post = numbered("- P");
    let mut of_post = documented(&post, &Check::OF_POST);
    // "P11 to P15 as in 11 to 15", "P20 to P26, which equal 16 to 22", with one more error.
    for (like, number) in (11..=15).map(|n| (n, n)).chain((16..=22).zip(20..)) {
        assert_eq!(Check::OF_URL[like - 1], Check::OF_POST[number - 1]);
        assert!(post.iter().all(|(other, _)| *other != number));
        of_post.extend(url[like - 1].1.iter().map(|error| name(*error)));
    }
    assert_eq!(post.len() + 5 + 7, Check::OF_POST.len());
    of_post.insert(name(Error::BindingHeaderValue));
    of_url.insert(name(Error::BindingHeaderValue));

    assert_eq!(of_url, possible(&Check::OF_URL, Error::PostPath));
    assert_eq!(of_post, possible(&Check::OF_POST, Error::Path));
}
