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
	"carehold/record/store"
)

func (a *app) serveCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the records in a store",
		Long: `Serves the records in a store over HTTP until it is stopped (Ctrl-C, SIGTERM).

Without a certificate it answers this machine only. To be reached from others it
needs --tls-cert and --tls-key, or a proxy that ends TLS: then say --public-url
and --trusted-proxies.

Every setting is a flag here, a variable CAREHOLD_… and a line of the
configuration file; --print-config shows which value won, and where it is from.`,
		Example: `  carehold serve
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

// serve runs a server until ctx ends or the store fails.
func (a *app) serve(ctx context.Context, s *settings, acceptLoss bool) error {
	if v := a.env("GOTRACEBACK"); v == "crash" || v == "wer" {
		return hinted(fmt.Errorf("GOTRACEBACK=%s would write the server's memory to disk if it failed", v), "unset it")
	}
	if _, _, err := net.SplitHostPort(s.get("listen")); err != nil {
		return coded(exitUsage, fmt.Errorf("%q in %s has no port, or is no address", s.get("listen"), s.from["listen"]), "an address and a port: "+defaultListen)
	}
	t, err := transport(s)
	if err != nil {
		return err
	}
	proxies, err := parsePrefixes(s.get("trusted-proxies"))
	if err != nil {
		return err
	}
	if d := s.get("debug-listen"); d != "" && !loopbackAddress(d) {
		return hinted(fmt.Errorf("--debug-listen %s would show this server's inside to others", d), "use 127.0.0.1 and a port")
	}
	if served(ctx, s) {
		return hinted(errors.New("another carehold serves this store"), "what it does: carehold status --data "+s.get("data"))
	}
	log := a.logger(s.get("log-format"))
	st, err := openStore(s, store.Options{Log: log, AcceptLoss: acceptLoss})
	if err != nil {
		return err
	}
	defer st.Close()

	listener, err := net.Listen("tcp", s.get("listen"))
	if err != nil {
		return listening(s.get("listen"), err)
	}
	defer listener.Close()
	public := publicURL(s, listener, t)
	server, err := httpapi.New(st, httpapi.Config{PublicURL: public, TrustedProxies: proxies, Version: version(), Logger: log})
	if err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(ctx)
	var background sync.WaitGroup
	defer background.Wait()
	defer cancel() // runs before Wait
	background.Go(func() { st.Keep(ctx) })
	op := &operator{store: st, data: s.get("data"), url: public, began: time.Now()}
	if err := op.listen(ctx, s.get("socket"), &background); err != nil {
		return err
	}
	if d := s.get("debug-listen"); d != "" {
		if err := serveDebug(ctx, d, server.Debug(), &background); err != nil {
			return err
		}
	}
	if log.Handler().Enabled(ctx, slog.LevelInfo) && a.atTerminal() {
		a.note("Serving at %s. Ctrl-C stops it.", public)
	}
	log.Info("serving", "url", public, "data", s.get("data"), "version", version())
	if err := server.Serve(ctx, listener, t); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return hinted(err, `"carehold status" says what is wrong`)
	}
	log.Info("stopped")
	return nil
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

// openStore opens the store of the settings.
func openStore(s *settings, o store.Options) (*store.Store, error) {
	dir := s.get("data")
	// An empty folder is one that systemd or a container engine made.
	if list, err := os.ReadDir(dir); errors.Is(err, fs.ErrNotExist) || err == nil && len(list) == 0 {
		return nil, coded(exitNotFound, fmt.Errorf("there is no store in %s", dir), `"carehold init" makes one; --data says where one is`)
	} else if err != nil {
		return nil, err
	}
	if s.from["node-key"] != "default" {
		o.NodeKey = s.get("node-key")
	}
	return store.Open(dir, o)
}

// transport is the TLS configuration; nil for plain HTTP, which is for this
// machine, and for a proxy that somebody has thought about.
func transport(s *settings) (*tls.Config, error) {
	cert, key := s.get("tls-cert"), s.get("tls-key")
	if (cert == "") != (key == "") {
		return nil, usagef("--tls-cert and --tls-key go together")
	}
	if cert != "" {
		return httpapi.TLSFiles(cert, key)
	}
	behindProxy := strings.HasPrefix(s.get("public-url"), "https://") && s.get("trusted-proxies") != ""
	if !loopbackAddress(s.get("listen")) && !behindProxy {
		return nil, coded(exitUsage, fmt.Errorf("without TLS, listening on %s would send records in the clear", s.get("listen")),
			"give --tls-cert and --tls-key; or listen on 127.0.0.1; or, behind a proxy that ends TLS, give --public-url https://… and --trusted-proxies")
	}
	return nil, nil
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
func publicURL(s *settings, l net.Listener, t *tls.Config) string {
	if u := s.get("public-url"); u != "" {
		return u
	}
	scheme := "http"
	if t != nil {
		scheme = "https"
	}
	host, _, _ := net.SplitHostPort(s.get("listen"))
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if addr, err := netip.ParseAddr(host); host == "" || err == nil && addr.IsUnspecified() {
		host = "localhost"
	}
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

func serveDebug(ctx context.Context, address string, h http.Handler, background *sync.WaitGroup) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return listening(address, err)
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	background.Go(func() { _ = s.Serve(l) })
	background.Go(func() { <-ctx.Done(); s.Close() })
	return nil
}
