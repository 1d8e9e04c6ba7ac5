package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"carehold/httpapi"
	"carehold/record"
	"carehold/record/store"
)

func (a *app) serveCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the records in a store",
		Long: `Serves the records in a store over HTTP until it is stopped (Ctrl-C, SIGTERM).

Without a certificate it answers this machine only. To be reached from others it
needs one, and --public-url with the name that it is called by: --acme gets and
renews one; --tls-cert and --tls-key are your own, read again when they change.
Or a proxy ends TLS: then say --trusted-proxies too.

Ctrl-C or SIGTERM lets what is running end; a second one ends at once.

Every setting is a flag here, a variable CAREHOLD_… and a line of the
configuration file; --print-config shows which value won, and where it is from.`,
		Example: `  carehold serve
  carehold serve --listen :443 --public-url https://record.example.org --acme
  carehold serve --listen :8443 --public-url https://record.example.org \
    --tls-cert fullchain.pem --tls-key privkey.pem
  carehold serve --print-config`,
		Args: nothing,
	}
	printConfig := c.Flags().Bool("print-config", false, "show every setting, its value and where it came from, and serve nothing")
	acceptLoss := c.Flags().Bool("accept-loss", false, "serve a store that is older than it was, for instance from a copy; every person sees it in their history")
	settingFlags(c, settingKeys()...)
	c.RunE = func(c *cobra.Command, _ []string) error {
		s, err := a.settings(c)
		if err != nil {
			return err
		}
		if *printConfig {
			return a.printConfig(s)
		}
		return a.serve(c.Context(), s, *acceptLoss)
	}
	return c
}

// serve runs a server until ctx ends or the store fails. It listens before the
// store is open, and says that it is not ready: opening a large one takes a while.
func (a *app) serve(ctx context.Context, s *settings, acceptLoss bool) error {
	if v := a.env("GOTRACEBACK"); v == "crash" || v == "wer" {
		return hinted(fmt.Errorf("GOTRACEBACK=%s would write the server's memory to disk if it failed", v), "unset it")
	}
	if _, _, err := net.SplitHostPort(s.get("listen")); err != nil {
		return coded(exitUsage, fmt.Errorf("%q in %s has no port, or is no address", s.get("listen"), s.from["listen"]), "an address and a port: "+defaultListen)
	}
	proxies, err := parsePrefixes(s.get("trusted-proxies"))
	if err != nil {
		return err
	}
	if d := s.get("debug-listen"); d != "" && !loopbackAddress(d) {
		return hinted(fmt.Errorf("--debug-listen %s would show this server's inside to others", d), "use 127.0.0.1 and a port")
	}
	searches, err := s.searchMemory()
	if err != nil {
		return err
	}
	log := a.logger(s.get("log-format"))
	if err := mayListen(s); err != nil {
		return err
	}
	if served(ctx, s) {
		return hinted(errors.New("another carehold serves this store"), "what it does: carehold status --data "+s.get("data"))
	}
	if err := hasStore(s); err != nil { // before anything is made in its folder
		return err
	}
	source, err := certificateSource(s, log)
	if err != nil {
		return err
	}
	limits := httpapi.Limits{Connections: connections(), Memory: a.limitMemory(log), Guesses: guesses}

	listener, err := net.Listen("tcp", s.get("listen"))
	if err != nil {
		return listening(s.get("listen"), err)
	}
	defer listener.Close()
	config := httpapi.Config{PublicURL: publicURL(s, listener, source != nil), TrustedProxies: proxies, Version: version(), Logger: log,
		Certificate: source, Limits: limits, Fetch: newFetch("")}
	if config.Clients, err = clientRegistry(s, log); err != nil {
		return err
	}
	front := httpapi.NewFront(config)
	var t *tls.Config
	if source != nil {
		t = source.TLS()
	}

	ctx, cancel := context.WithCancel(ctx)
	var background sync.WaitGroup
	defer background.Wait()
	defer cancel() // runs before Wait
	ended := make(chan error, 1)
	background.Go(func() { ended <- front.Serve(ctx, listener, t) })

	st, err := openPatiently(ctx, s, store.Options{Log: log, AcceptLoss: acceptLoss, SearchMemory: searches, FHIRBase: strings.TrimSuffix(config.PublicURL, "/") + "/fhir"})
	if err != nil {
		return refused(err)
	}
	defer func() {
		cancel()
		background.Wait() // what is running ends first
		st.Close()
	}()
	server, err := httpapi.New(st, config)
	if err != nil {
		return err
	}
	background.Go(func() { st.Keep(ctx) })
	background.Go(func() { returnMemory(ctx, st.Rest) })
	if err := keepCertificate(ctx, a, s, source, &background); err != nil {
		return err
	}
	op := &operator{store: st, data: s.get("data"), backups: s.backups(), url: config.PublicURL, began: time.Now(), certificate: source, server: server, log: log}
	if err := op.listen(ctx, s.get("socket"), &background); err != nil {
		return err
	}
	if d := s.get("debug-listen"); d != "" {
		if err := serveDebug(ctx, d, server.Debug(), log, &background); err != nil {
			return err
		}
	}
	front.Use(server)
	if log.Handler().Enabled(ctx, slog.LevelInfo) && a.atTerminal() {
		a.note("Serving at %s. Ctrl-C stops it.", config.PublicURL)
	}
	log.Info("serving", "url", config.PublicURL, "data", s.get("data"), "version", version())
	a.notify("READY=1\nSTATUS=serving at " + config.PublicURL)
	background.Go(func() { a.watchdog(ctx, st) })
	background.Go(func() { <-ctx.Done(); a.notify("STOPPING=1") })
	if err := <-ended; err != nil && !errors.Is(err, http.ErrServerClosed) {
		return hinted(err, `"carehold status" says what is wrong`)
	}
	log.Info("stopped")
	return nil
}

// refused says what an operator can do about a store that does not open. It ends
// the program, and does not go on saying so: an unopened store is nothing to ask
// for, and whatever supervises this shows a service that ended with 7.
func refused(err error) error {
	switch {
	case errors.Is(err, store.ErrNodeKey):
		return hinted(fmt.Errorf("the store is not served: %w", err),
			"nothing was changed. Put this store's own node.key there, or say where it is with --node-key; if it is gone, \"carehold restore\" makes a new store of a backup")
	case errors.As(err, new(*store.Rollback)):
		return hinted(fmt.Errorf("the store is not served: %w", err),
			`nothing was changed. "carehold status" has the choices: put a newer copy back, "carehold restore" the last backup, or, if you have put an older copy there yourself, "carehold serve --accept-loss"`)
	case errors.Is(err, record.Integrity):
		return hinted(fmt.Errorf("the store is not served: %w", err),
			`nothing was changed. Copy the data folder as it is; "carehold restore" makes a new store of the last good backup`)
	}
	return err
}

// listening says why an address cannot be listened on.
func listening(address string, err error) error {
	host, port, _ := net.SplitHostPort(address)
	switch n, _ := strconv.Atoi(port); {
	case errors.Is(err, syscall.EADDRINUSE):
		return hinted(fmt.Errorf("another program listens on %s already", address), "on another port: --listen "+net.JoinHostPort(host, strconv.Itoa(n%65535+1)))
	case errors.Is(err, os.ErrPermission):
		return hinted(fmt.Errorf("you may not listen on %s", address), "ports up to 1023 are kept for the system; another: --listen "+defaultListen)
	}
	return fmt.Errorf("listening on %s: %w", address, err)
}

// hasStore says what to do when there is no store. An empty folder is one that
// systemd or a container engine made.
func hasStore(s *settings) error {
	dir := s.get("data")
	if list, err := os.ReadDir(dir); errors.Is(err, fs.ErrNotExist) || err == nil && len(list) == 0 {
		return coded(exitNotFound, fmt.Errorf("there is no store in %s", dir), `"carehold init" makes one; --data says where one is`)
	} else if err != nil {
		return err
	}
	return nil
}

// openStore opens the store of the settings.
func openStore(s *settings, o store.Options) (*store.Store, error) {
	if err := hasStore(s); err != nil {
		return nil, err
	}
	o.NodeKey = s.get("node-key")
	return store.Open(s.get("data"), o)
}

// patience is how long a store is waited for that another command has open: the
// operator's commands take a moment each, and a server that ends takes longer.
const patience = 15 * time.Second

// openPatiently opens the store, and waits for another command to be done with it.
func openPatiently(ctx context.Context, s *settings, o store.Options) (*store.Store, error) {
	for began := time.Now(); ; {
		st, err := openStore(s, o)
		if !isOpenElsewhere(err) || time.Since(began) > patience {
			return st, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func isOpenElsewhere(err error) bool {
	return errors.Is(err, record.Unavailable) && strings.Contains(err.Error(), "open in another process")
}

// loopbackAddress reports whether an address to listen on is this machine's only.
func loopbackAddress(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// publicURL is what clients call this server. Where nobody said, it is the
// address that is listened on.
func publicURL(s *settings, l net.Listener, secure bool) string {
	if u := s.get("public-url"); u != "" {
		return u
	}
	scheme := "http"
	if secure {
		scheme = "https"
	}
	host, _, _ := net.SplitHostPort(s.get("listen"))
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return (&url.URL{Scheme: scheme, Host: net.JoinHostPort(host, port)}).String()
}

func parsePrefixes(list string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, p := range strings.Split(list, ",") {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		if addr, err := netip.ParseAddr(p); err == nil {
			out = append(out, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(p)
		if err != nil {
			return nil, usagef("%q in --trusted-proxies is no address, and no network such as 10.0.0.0/8", p)
		}
		out = append(out, prefix)
	}
	return out, nil
}

// logger writes text for a person at a terminal, JSON for whatever else reads it.
func (a *app) logger(format string) *slog.Logger {
	if format == "auto" {
		format = "json"
		if a.atTerminal() {
			format = "text"
		}
	}
	level := slog.LevelInfo
	if a.quiet {
		level = slog.LevelWarn
	}
	o := &slog.HandlerOptions{Level: level}
	if format == "text" {
		return slog.New(slog.NewTextHandler(a.stderr, o))
	}
	return slog.New(slog.NewJSONHandler(a.stderr, o))
}

func serveDebug(ctx context.Context, address string, h http.Handler, log *slog.Logger, background *sync.WaitGroup) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return listening(address, err)
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: httpapi.ErrorLog(log)}
	background.Go(func() { _ = s.Serve(l) })
	background.Go(func() { <-ctx.Done(); s.Close() })
	return nil
}

// guesses is how many lookups by a secret a second one address has: 0 for the server's
// own bound. Tests, whose sessions all come from one, have more.
var guesses float64
