//! Strongly connected components of a graph.

/// Splits the nodes of a graph, given by the successors of each, into strongly connected components.
/// Each component comes after the components that it leads to.
///
/// Tarjan's algorithm, without recursion: a path may be longer than the stack is deep.
pub(super) fn components(successors: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut search = Search {
        states: vec![State::Unseen; successors.len()],
        ..Search::default()
    };
    for start in 0..successors.len() {
        if !search.enter(start) {
            continue;
        }
        let mut path = vec![(start, successors.get(start).into_iter().flatten())];
        while let Some((node, rest)) = path.last_mut() {
            let node = *node;
            match rest.next() {
                Some(&next) if search.enter(next) => {
                    path.push((next, successors.get(next).into_iter().flatten()));
                }
                Some(&next) => search.reach(node, next),
                None => {
                    path.pop();
                    search.leave(node);
                    if let Some((parent, _)) = path.last() {
                        search.reach(*parent, node);
                    }
                }
            }
        }
    }
    search.components
}

#[derive(Clone, Copy)]
enum State {
    Unseen,
    /// In a component that is not complete. Nodes are numbered as they are entered.
    Open {
        number: usize,
        /// The lowest number that the node is known to lead to.
        lowest: usize,
    },
    Done,
}

#[derive(Default)]
struct Search {
    states: Vec<State>,
    entered: usize,
    /// The open nodes in the order in which they were entered.
    open: Vec<usize>,
    components: Vec<Vec<usize>>,
}

impl Search {
    /// Enters a node. Returns `false` if it was entered before.
    fn enter(&mut self, node: usize) -> bool {
        let Some(state @ State::Unseen) = self.states.get_mut(node) else {
            return false;
        };
        *state = State::Open {
            number: self.entered,
            lowest: self.entered,
        };
        self.entered = self.entered.saturating_add(1);
        self.open.push(node);
        true
    }

    /// Notes that a node leads to every node that another open node leads to.
    fn reach(&mut self, node: usize, other: usize) {
        let Some(&State::Open {
            lowest: of_other, ..
        }) = self.states.get(other)
        else {
            return;
        };
        if let Some(State::Open { lowest, .. }) = self.states.get_mut(node) {
            *lowest = of_other.min(*lowest);
        }
    }

    /// Completes the component of a node, if the node was entered before the other nodes of the
    /// component.
    fn leave(&mut self, node: usize) {
        match self.states.get(node) {
            Some(State::Open { number, lowest }) if number == lowest => {}
            _ => return,
        }
        let first = self.open.iter().rposition(|&open| open == node);
        let component = self.open.split_off(first.unwrap_or_default());
        for &node in &component {
            if let Some(state) = self.states.get_mut(node) {
                *state = State::Done;
            }
        }
        self.components.push(component);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(successors: &[Vec<usize>]) -> Vec<Vec<usize>> {
        let mut components = components(successors);
        components
            .iter_mut()
            .for_each(|nodes| nodes.sort_unstable());
        components
    }

    #[test]
    fn circles_are_components_and_come_after_what_they_lead_to() {
        assert_eq!(sorted(&[]), Vec::<Vec<usize>>::new());
        assert_eq!(sorted(&[vec![0]]), [[0]]);
        // 0 -> 1 <-> 2 -> 3, 4 -> 4 and 1.
        let graph = [vec![1], vec![2], vec![1, 3], vec![], vec![4, 1]];
        assert_eq!(sorted(&graph), [vec![3], vec![1, 2], vec![0], vec![4]]);
        // Two circles that share a node.
        let graph = [vec![1, 2], vec![0], vec![3], vec![0]];
        assert_eq!(sorted(&graph), [[0, 1, 2, 3]]);
    }

    #[test]
    fn components_are_the_classes_of_mutual_reachability() {
        let mut number: u32 = 1;
        let mut next = |limit: usize| {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            usize::try_from(number >> 8).unwrap() % limit
        };
        for _ in 0..200 {
            let size = 1 + next(8);
            let graph: Vec<Vec<usize>> = (0..size)
                .map(|_| (0..next(4)).map(|_| next(size)).collect())
                .collect();
            let mut leads = vec![vec![false; size]; size];
            for (node, successors) in graph.iter().enumerate() {
                leads[node][node] = true;
                successors.iter().for_each(|&next| leads[node][next] = true);
            }
            let pairs = || (0..size).flat_map(|from| (0..size).map(move |to| (from, to)));
            for via in 0..size {
                for (from, to) in pairs() {
                    leads[from][to] |= leads[from][via] && leads[via][to];
                }
            }
            let components = components(&graph);
            let position = |node| {
                components
                    .iter()
                    .position(|one| one.contains(&node))
                    .unwrap()
            };
            for (from, to) in pairs() {
                let is_mutual = leads[from][to] && leads[to][from];
                assert_eq!(position(from) == position(to), is_mutual, "{graph:?}");
                assert!(
                    !leads[from][to] || position(to) <= position(from),
                    "{graph:?}"
                );
            }
        }
    }
}
