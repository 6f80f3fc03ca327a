//! A server that says back what it hears stands behind the proxy.

use std::io::ErrorKind;
use std::time::Instant;

use tokio::time::timeout;

use super::*;

const SOON: Duration = Duration::from_millis(300);

async fn echo() -> Result<(FaultProxy, JoinHandle<()>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    Ok((FaultProxy::start(address).await?, server))
}

async fn open(proxy: &FaultProxy) -> Result<TcpStream> {
    Ok(TcpStream::connect(proxy.address()).await?)
}

/// Says `text` and reads as much again.
async fn say(stream: &mut TcpStream, text: &[u8]) -> io::Result<Vec<u8>> {
    stream.write_all(text).await?;
    let mut back = vec![0; text.len()];
    stream.read_exact(&mut back).await?;
    Ok(back)
}

#[tokio::test]
async fn bytes_pass_and_are_written_down() -> Result<()> {
    let (proxy, _server) = echo().await?;
    assert_eq!(say(&mut open(&proxy).await?, b"one").await?, b"one");
    assert_eq!(say(&mut open(&proxy).await?, b"two").await?, b"two");
    assert_eq!((proxy.connections(), proxy.to_server(), proxy.to_client()), (2, b"onetwo".into(), b"onetwo".into()));
    Ok(())
}

#[tokio::test]
async fn answers_come_late_and_byte_by_byte() -> Result<()> {
    let (proxy, _server) = echo().await?;
    let mut stream = open(&proxy).await?;
    for (fault, least) in [(Fault::Delay(SOON), SOON), (Fault::Drip(SOON / 10), SOON / 2)] {
        proxy.set(fault);
        let start = Instant::now();
        assert_eq!(say(&mut stream, b"slowly").await?, b"slowly");
        assert!(start.elapsed() >= least, "{fault:?}: {:?}", start.elapsed());
    }
    // A drip of a minute ends when the fault does.
    proxy.set(Fault::Drip(Duration::from_secs(10)));
    stream.write_all(b"hurry").await?;
    assert!(timeout(SOON, stream.read_u8()).await.is_err());
    proxy.set(Fault::None);
    let mut back = [0; 5];
    timeout(Duration::from_secs(5), stream.read_exact(&mut back)).await??;
    assert_eq!(&back, b"hurry");
    Ok(())
}

#[tokio::test]
async fn an_answer_is_cut_after_so_many_bytes() -> Result<()> {
    let (proxy, _server) = echo().await?;
    proxy.set(Fault::CutAfter(4));
    let mut stream = open(&proxy).await?;
    stream.write_all(b"unfinished").await?;
    let mut back = Vec::new();
    stream.read_to_end(&mut back).await?;
    assert_eq!((back.as_slice(), proxy.to_client()), (b"unfi".as_slice(), b"unfi".into()));
    assert_eq!(proxy.to_server(), b"unfinished", "the server heard all of it");
    Ok(())
}

#[tokio::test]
async fn open_and_new_connections_are_reset() -> Result<()> {
    let (proxy, _server) = echo().await?;
    let mut before = open(&proxy).await?;
    say(&mut before, b"x").await?;
    proxy.set(Fault::Reset);
    let error = timeout(Duration::from_secs(5), before.read_u8()).await?.err();
    assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::ConnectionReset));
    // A new one may hear of it while it is being made.
    let error = match TcpStream::connect(proxy.address()).await {
        Ok(mut after) => timeout(Duration::from_secs(5), after.read_u8()).await?.err(),
        Err(error) => Some(error),
    };
    assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::ConnectionReset));
    Ok(())
}

#[tokio::test]
async fn a_half_open_connection_hears_nothing_until_it_thaws() -> Result<()> {
    let (proxy, _server) = echo().await?;
    let mut before = open(&proxy).await?;
    say(&mut before, b"x").await?;
    proxy.set(Fault::HalfOpen);
    let mut after = open(&proxy).await?;
    for stream in [&mut before, &mut after] {
        stream.write_all(b"anybody").await?;
        assert!(timeout(SOON, stream.read_u8()).await.is_err());
    }
    assert_eq!(proxy.to_server(), b"x", "the proxy read what it must not read");
    proxy.set(Fault::None);
    for mut stream in [before, after] {
        let mut back = [0; 7];
        timeout(Duration::from_secs(5), stream.read_exact(&mut back)).await??;
        assert_eq!(&back, b"anybody");
    }
    Ok(())
}

#[tokio::test]
async fn a_mute_server_hears_everything() -> Result<()> {
    let (proxy, _server) = echo().await?;
    proxy.set(Fault::Mute);
    let mut stream = open(&proxy).await?;
    stream.write_all(b"hello").await?;
    assert!(timeout(SOON, stream.read_u8()).await.is_err());
    assert_eq!((proxy.to_server(), proxy.to_client()), (b"hello".into(), Vec::new()));
    Ok(())
}

#[tokio::test]
async fn chosen_bytes_are_flipped() -> Result<()> {
    let (proxy, _server) = echo().await?;
    proxy.set(Fault::Corrupt(3));
    let mut stream = open(&proxy).await?;
    assert_eq!(say(&mut stream, b"aaa").await?, b"aa`");
    assert_eq!(say(&mut stream, b"aaaa").await?, b"aa`a");
    Ok(())
}

#[tokio::test]
async fn everything_ends_with_the_proxy() -> Result<()> {
    let (proxy, _server) = echo().await?;
    let mut stream = open(&proxy).await?;
    say(&mut stream, b"x").await?;
    let address = proxy.address();
    drop(proxy);
    let ended = timeout(Duration::from_secs(5), stream.read(&mut [0; 1])).await?;
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    assert!(TcpStream::connect(address).await.is_err());
    Ok(())
}
