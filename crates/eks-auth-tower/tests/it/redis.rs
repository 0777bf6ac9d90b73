//! Challenges in Redis, against a stub that speaks its protocol (RESP2).

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use eks_auth_tower::{ChallengeError, ChallengeStore as _, RedisChallenges};
use redis::aio::ConnectionManager;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::world::now;

type Keys = Arc<Mutex<HashSet<String>>>;

/// Reads a command: an array of bulk strings.
async fn command(stream: &mut BufReader<TcpStream>) -> Option<Vec<String>> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let count: usize = line.trim().strip_prefix('*')?.parse().ok()?;
    let mut words = Vec::new();
    for _ in 0..count {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        let len: usize = line.trim().strip_prefix('$')?.parse().ok()?;
        let mut word = vec![0; len.checked_add(2)?];
        stream.read_exact(&mut word).await.ok()?;
        word.truncate(len);
        words.push(String::from_utf8(word).ok()?);
    }
    Some(words)
}

async fn serve(stream: TcpStream, keys: Keys, seen: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    while let Some(words) = command(&mut stream).await {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let answer = match words.as_slice() {
            ["SET", key, "1", "NX", "EX", _] => {
                match keys.lock().unwrap().insert((*key).to_owned()) {
                    true => "+OK\r\n",
                    false => "$-1\r\n",
                }
            }
            ["GETDEL", key] => match keys.lock().unwrap().remove(*key) {
                true => "$1\r\n1\r\n",
                false => "$-1\r\n",
            },
            _ => "+OK\r\n",
        };
        if matches!(words.first(), Some(&("SET" | "GETDEL"))) {
            seen.lock().unwrap().push(words.join(" "));
        }
        stream.get_mut().write_all(answer.as_bytes()).await.unwrap();
    }
}

async fn stub() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        let keys = Keys::default();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream, Arc::clone(&keys), Arc::clone(&log)));
        }
    });
    (at, seen)
}

async fn store(at: SocketAddr) -> RedisChallenges {
    let client = redis::Client::open(format!("redis://{at}/")).unwrap();
    RedisChallenges::new(ConnectionManager::new(client).await.unwrap(), "login:")
}

#[tokio::test]
async fn replicas_share_challenges_and_each_is_used_once() {
    let (at, seen) = stub().await;
    let (one, other) = (store(at).await, store(at).await);
    assert_eq!(
        format!("{one:?}"),
        "RedisChallenges { prefix: \"login:\", .. }"
    );
    one.put("a", now(), 60).await.unwrap();
    assert!(other.take("a", now()).await.unwrap());
    assert!(!one.take("a", now()).await.unwrap());
    // If the same text occurs twice, the random numbers are not random.
    one.put("b", now(), 60).await.unwrap();
    let twice = other.put("b", now(), 60).await;
    assert!(matches!(twice, Err(ChallengeError::Random)));
    assert_eq!(
        seen.lock().unwrap()[..2],
        ["SET login:a 1 NX EX 60", "GETDEL login:a"]
    );
}
