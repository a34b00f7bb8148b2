//! A TCP server in the test process, with one thread per connection. It ends on drop.
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

type Open = Arc<Mutex<Vec<(usize, TcpStream)>>>;

/// Listens on one port.
pub(crate) struct Server {
    port: u16,
    stop: Arc<AtomicBool>,
    seen: Arc<AtomicUsize>,
    open: Open,
    acceptor: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves each connection of the listener in a thread of its own, by `serve` with the number of the connection.
    pub(crate) fn start(
        listener: TcpListener,
        serve: impl Fn(usize, TcpStream) + Send + Sync + 'static,
    ) -> Self {
        let port = listener.local_addr().expect("a bound listener").port();
        let (stop, seen, open) =
            (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default(), Open::default());
        let (stopped, count, connections, serve) =
            (stop.clone(), seen.clone(), open.clone(), Arc::new(serve));
        let acceptor = std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                count.fetch_add(1, Ordering::SeqCst);
                let _ = stream.set_nodelay(true);
                connections.lock().expect("connections").push((number, stream.try_clone().expect("dup")));
                let (serve, connections) = (serve.clone(), connections.clone());
                std::thread::spawn(move || {
                    serve(number, stream);
                    // Closes the connection in the list too, so that the client sees the end.
                    connections.lock().expect("connections").retain(|(n, s)| {
                        let keep = *n != number;
                        if !keep {
                            let _ = s.shutdown(Shutdown::Both);
                        }
                        keep
                    });
                });
            }
        });
        Self { port, stop, seen, open, acceptor: Some(acceptor) }
    }

    /// Returns how many connections there have been.
    pub(crate) fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }

    /// Returns how many connections are open.
    pub(crate) fn connections(&self) -> usize {
        self.open.lock().expect("connections").len()
    }

    /// Breaks all open connections, as a restarted server would.
    pub(crate) fn hang_up(&self) {
        for (_, stream) in self.open.lock().expect("connections").iter() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        self.hang_up();
    }
}
