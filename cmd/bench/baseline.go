package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"

	bdb "github.com/dgraph-io/badger/v4"
	"github.com/gorilla/mux"
)

// logRow is how large the baselines' log row is: about what a read's is in a
// record's log.
const logRow = 600

// rows are what a baseline keeps its bodies in.
type rows interface {
	get(key []byte) ([]byte, error)
	// put stores a body, when there is one, and a log row.
	put(key, body []byte) error
	close() error
}

func runBaseline(args []string) error {
	f := flag.NewFlagSet("baseline", flag.ContinueOnError)
	kind := f.String("kind", "bare", "bare, synced or engine")
	dir := f.String("dir", "", "the `folder` of its database; made from -bodies when it is not there")
	bodies := f.String("bodies", "", "the `file` of what it serves")
	listen := f.String("listen", "", "the `address` to answer on")
	if err := f.Parse(args); err != nil {
		return err
	}
	if _, err := os.Stat(*dir); err != nil {
		if err := fillBaseline(*kind, *dir, *bodies); err != nil {
			return err
		}
	}
	db, err := openRows(*kind, *dir)
	if err != nil {
		return err
	}
	defer db.close()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	s := &http.Server{Addr: *listen, Handler: baseline(db, *kind != "bare"), ErrorLog: log.New(io.Discard, "", 0)}
	go func() { <-ctx.Done(); s.Shutdown(context.Background()) }()
	if err := s.ListenAndServe(); err != http.ErrServerClosed {
		return err
	}
	return nil
}

func openRows(kind, dir string) (rows, error) {
	switch kind {
	case "bare":
		return openPlain(dir, false)
	case "synced":
		return openPlain(dir, true)
	case "engine":
		return openEngine(dir)
	}
	return nil, fmt.Errorf("there is no baseline %q", kind)
}

// baseline is the handler: a router, a row, and the bytes.
func baseline(db rows, logged bool) http.Handler {
	router := mux.NewRouter()
	router.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	router.HandleFunc("/fhir/{type}/{id}", func(w http.ResponseWriter, r *http.Request) {
		v := mux.Vars(r)
		body, err := db.get([]byte(v["type"] + "/" + v["id"]))
		if err == nil && logged {
			err = db.put(nil, nil)
		}
		answer(w, http.StatusOK, body, err)
	}).Methods("GET")
	router.HandleFunc("/fhir/{type}", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = db.put([]byte(mux.Vars(r)["type"]+"/"+randomName()), body)
		}
		answer(w, http.StatusCreated, body, err)
	}).Methods("POST")
	return router
}

func answer(w http.ResponseWriter, status int, body []byte, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/fhir+json; fhirVersion=4.0")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func randomName() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// fillBaseline makes the database, and closes it: Badger then has it in tables,
// as after any restart.
func fillBaseline(kind, dir, bodies string) error {
	f, err := os.Open(bodies)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	if kind == "engine" {
		return fillEngine(dir, f)
	}
	db, err := bdb.Open(settings(dir))
	if err != nil {
		return err
	}
	batch := db.NewWriteBatch()
	err = eachBody(f, func(key, body []byte) error { return batch.Set(key, body) })
	if err == nil {
		err = batch.Flush()
	}
	if closed := db.Close(); err == nil {
		err = closed
	}
	return err
}
