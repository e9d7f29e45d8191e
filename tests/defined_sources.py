"""Small sources in several languages, for tests of what is defined where."""

from __future__ import annotations

CPP = """#include <vector>
#define MAX_SLOTS 64
namespace store {
class Pool;

/// Keeps buffers.
class Pool final : public Base {
 public:
  explicit Pool(int size) : size_(size) {}
  int take(
      int n);
 private:
  int size_;
};

template <typename T>
T clamp(T value, T low, T high) {
  return value < low ? low : value;
}

int Pool::take(int n) {
  for (int i = 0; i < n; ++i) { use(i); }
  return run(n);
}
static const int kLimit = 3;
enum class Mode { kFast, kSlow };
}  // namespace store
REGISTER(Pool);
"""
GO = """package server

const (
	DefaultPort = 8080
	maxTries    = 3
)

// Server serves.
type Server struct {
	mu sync.Mutex
}

type Option func(*Server)

func NewServer(opts ...Option) *Server {
	return &Server{}
}

// Start begins.
func (s *Server) Start(ctx context.Context) error {
	if s == nil { return nil }
	return nil
}
"""
TS = """export const RETRIES = 3;
export interface Options {
  timeout: number;
}
export default class Client extends Base {
  constructor(private options: Options) {
    super();
  }
  async connect(url: string): Promise<void> {
    if (url) {
      this.open(url);
    }
  }
  onMessage = (event: Event) => {
    this.handle(event);
  };
}
export function parseUrl(text: string): URL {
  return new URL(text);
}
"""
JAVA = """package a.b;

/** A cache. */
public class Cache<K, V> implements Closeable {
    private static final int MAX_SIZE = 100;

    @Override
    public V get(K key) throws IOException {
        if (key == null) {
            return null;
        }
        return map.get(key);
    }

    interface Loader<K> {
        Object load(K key);
    }
}
"""
RUST = """pub struct Queue<T> {
    items: Vec<T>,
}
impl<T> Queue<T> {
    pub fn push(&mut self, item: T) {
        self.items.push(item);
    }
}
pub async fn serve(addr: &str) -> Result<()> {
    Ok(())
}
"""
PYTHON = '''"""Sessions."""
from typing import overload

DEFAULT_TIMEOUT = 30


class Session:
    """Talks to a server."""

    retries: int = 3

    def __init__(self):
        self.open = True

    @property
    def state(self) -> str:
        return "open"

    @state.setter
    def state(self, value: str) -> None: ...

    async def close_all(self) -> None:
        """Close every connection."""


if True:

    def retry(times: int):
        def wrapper():
            pass

        return wrapper


@overload
def load(path: str) -> str: ...
@overload
def load(path: bytes) -> bytes: ...
def load(path):
    return path
'''
FILES = {
    "pool.cpp": CPP,
    "server.go": GO,
    "client.ts": TS,
    "Cache.java": JAVA,
    "lib.rs": RUST,
    "net/session.py": PYTHON,
}
FILES |= {"net/_app.py": "\nclass Application: ...\n", "net/app_routes.py": "class Route: ...\n"}
