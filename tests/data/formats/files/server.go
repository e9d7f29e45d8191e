package main

// Config holds the settings.
type Config struct {
	Port int
}

// Serve listens.
func (c *Config) Serve(addr string) error {
	return nil
}

func main() {}
