package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"carehold/httpapi"
	"carehold/httpapi/certificate"
)

// mayListen refuses to send records in the clear. Plain HTTP is for this machine,
// and for a proxy that somebody has thought about; TLS for a name that is known.
func mayListen(s *settings) error {
	acme, err := s.on("acme")
	if err != nil {
		return err
	}
	cert, key := s.get("tls-cert") != "", s.get("tls-key") != ""
	here := loopbackAddress(s.get("listen"))
	behindProxy := strings.HasPrefix(s.get("public-url"), "https://") && s.get("trusted-proxies") != ""
	switch {
	case cert != key:
		return usagef("--tls-cert and --tls-key go together")
	case cert && acme:
		return usagef("give --acme or --tls-cert, not both")
	case (cert || acme) && strings.HasPrefix(s.get("public-url"), "http://"):
		return usagef("with a certificate the public URL begins with https://, not %s", s.get("public-url"))
	case (cert || acme) && !here && s.get("public-url") == "", acme && s.get("public-url") == "":
		return coded(exitUsage, errors.New("others cannot be told what this server is called"), "--public-url https:// and the name that they reach it by")
	case !cert && !acme && !here && !behindProxy:
		return coded(exitUsage, fmt.Errorf("without TLS, listening on %s would send records in the clear", s.get("listen")),
			"give --acme, or --tls-cert and --tls-key; or listen on 127.0.0.1; or, behind a proxy that ends TLS, give --public-url https://… and --trusted-proxies")
	}
	return nil
}

// certificateSource is where the certificate comes from; nil for plain HTTP.
func certificateSource(s *settings, log *slog.Logger) (certificate.Source, error) {
	host := ""
	if u, err := url.Parse(s.get("public-url")); err == nil {
		host = u.Hostname()
	}
	if acme, _ := s.on("acme"); acme {
		a, err := certificate.FromACME(certificate.ACMEOptions{Host: host, Email: s.get("acme-email"), Directory: s.get("acme-directory"),
			Cache: filepath.Join(s.get("data"), "acme"), Log: log})
		if err != nil {
			return nil, coded(exitUsage, err, "see docs/operations.md on names and certificates")
		}
		return a, nil
	}
	if s.get("tls-cert") == "" {
		return nil, nil
	}
	if info, err := os.Stat(s.get("tls-key")); err == nil && othersMayRead(info.Mode()) && info.Mode().Perm()&0o004 != 0 {
		log.Warn("everybody on this machine may read the certificate's key", "file", s.get("tls-key"))
	}
	f, err := certificate.FromFiles(s.get("tls-cert"), s.get("tls-key"), host, log)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// keepCertificate renews the certificate while ctx lasts. SIGHUP makes it look at
// once; it ends nothing, except at a terminal that is closed.
func keepCertificate(ctx context.Context, a *app, s *settings, source certificate.Source, background *sync.WaitGroup) error {
	again := make(chan struct{})
	if !a.atTerminal() {
		hup := make(chan os.Signal, 1)
		signal.Notify(hup, hangUp...)
		background.Go(func() {
			defer signal.Stop(hup)
			for {
				select {
				case <-ctx.Done():
					return
				case <-hup:
				}
				select {
				case again <- struct{}{}:
				case <-ctx.Done():
				case <-time.After(time.Second): // it is looking already, or there is none
				}
			}
		})
	}
	if source == nil {
		return nil
	}
	// Whether HTTP is answered too is what the authority is then asked for.
	defer background.Go(func() { source.Keep(ctx, again) })
	acme, isACME := source.(*certificate.ACME)
	if address := s.get("acme-http"); isACME && address != "" {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return listening(address, err)
		}
		h := &http.Server{Handler: acme.Challenges(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second,
			WriteTimeout: 10 * time.Second, IdleTimeout: 10 * time.Second, MaxHeaderBytes: 8 << 10, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
		background.Go(func() { _ = h.Serve(httpapi.FewConnections(l)) })
		background.Go(func() { <-ctx.Done(); h.Close() })
	}
	return nil
}
