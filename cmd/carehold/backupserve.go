package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"carehold/record"
	"carehold/record/backup"
	"carehold/record/rows"
	"carehold/record/store"
)

// backupRequest asks for a backup: POST /backup is answered with the file, and
// what it is in a trailer.
type backupRequest struct {
	Recipients []string           `json:"recipients"`
	Full       bool               `json:"full"`
	Have       []store.BackupFile `json:"have"`
}

// backupAnswer is what a backup is.
type backupAnswer struct {
	File     string    `json:"file"` // its name, and for the person its path
	ID       string    `json:"id"`
	Full     bool      `json:"full"`
	Why      string    `json:"why,omitempty"` // it is full
	Follows  string    `json:"-"`
	People   uint64    `json:"people"`
	Rows     uint64    `json:"rows"`
	Bytes    int64     `json:"bytes"`             // of the file
	Damaged  uint64    `json:"damaged"`           // records that it lacks
	Records  []string  `json:"records,omitempty"` // which, at most 100 of them
	Store    string    `json:"store"`
	Time     time.Time `json:"time"`
	Server   string    `json:"verifier"`
	Duration float64   `json:"seconds"`
}

// backupDone says that the file is on its disk: POST /backup/done.
type backupDone struct {
	ID    string `json:"id"`
	Bytes int64  `json:"bytes"`
}

const (
	backupTrailer = "Carehold-Backup"
	errorTrailer  = "Carehold-Error"
)

// backupRoutes are for the operator's socket.
func (o *operator) backupRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /backup", func(w http.ResponseWriter, r *http.Request) {
		var q backupRequest
		if err := json.NewDecoder(io.LimitReader(r.Body, 4<<20)).Decode(&q); err != nil {
			reply(w, nil, record.Safef(record.Invalid, "the request cannot be understood"))
			return
		}
		w.Header().Set("Trailer", backupTrailer+", "+errorTrailer)
		answer, err := o.backup(r.Context(), w, q)
		if err != nil {
			b, _ := json.Marshal(operatorError{record.KindOf(err), err.Error()})
			w.Header().Set(errorTrailer, string(b))
			return
		}
		b, _ := json.Marshal(answer)
		w.Header().Set(backupTrailer, string(b))
	})
	mux.HandleFunc("POST /backup/done", func(w http.ResponseWriter, r *http.Request) {
		var q backupDone
		if err := json.NewDecoder(io.LimitReader(r.Body, 4096)).Decode(&q); err != nil {
			reply(w, nil, record.Safef(record.Invalid, "the request cannot be understood"))
			return
		}
		reply(w, struct{}{}, o.backupDone(r.Context(), q))
	})
	mux.HandleFunc("POST /verify", func(w http.ResponseWriter, r *http.Request) {
		out := json.NewEncoder(w)
		answer, err := o.verify(r.Context(), func(p store.VerifyProgress) {
			_ = out.Encode(verifyLine{Progress: &p})
			_ = http.NewResponseController(w).Flush()
		})
		if err != nil {
			_ = out.Encode(verifyLine{Error: &operatorError{record.KindOf(err), err.Error()}})
			return
		}
		_ = out.Encode(verifyLine{Answer: &answer})
	})
}

// backup writes an encrypted backup.
func (o *operator) backup(ctx context.Context, w io.Writer, q backupRequest) (backupAnswer, error) {
	to, err := backup.Recipients(q.Recipients)
	if err != nil {
		return backupAnswer{}, err
	}
	began := time.Now()
	sealed, err := backup.Encrypt(w, to)
	if err != nil {
		return backupAnswer{}, err
	}
	b, err := o.store.Backup(ctx, sealed, store.BackupOptions{Full: q.Full, Have: q.Have})
	if err != nil {
		return backupAnswer{}, err
	}
	if err := sealed.Close(); err != nil {
		return backupAnswer{}, err
	}
	var lacking []string
	for _, id := range b.Lacking {
		lacking = append(lacking, id.String())
	}
	return backupAnswer{Records: lacking, Store: o.store.ID().String(), File: b.Name, ID: hex.EncodeToString(b.ID[:]), Full: b.Full, Why: b.Why, People: b.People, Rows: b.Rows,
		Damaged: b.Damaged, Time: b.Time.UTC().Truncate(time.Second), Server: o.store.Verifier(),
		Duration: time.Since(began).Round(time.Millisecond).Seconds()}, nil
}

func (o *operator) backupDone(ctx context.Context, q backupDone) error {
	id, err := hex.DecodeString(q.ID)
	if err != nil || len(id) != len(rows.Hash{}) {
		return record.Safef(record.Invalid, "the request cannot be understood")
	}
	return o.store.BackupDone(ctx, rows.Hash(id), q.Bytes)
}

// stream asks the server for something long: what it answers is read as it comes.
func stream(ctx context.Context, s *settings, path string, in any, read func(*http.Response) error) error {
	answer, err := askRaw(ctx, s, "POST", path, in, 0)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return read(answer)
}

// fetchBackup writes what the server answers to w.
func fetchBackup(ctx context.Context, s *settings, q backupRequest, w io.Writer) (out backupAnswer, err error) {
	err = stream(ctx, s, "/backup", q, func(answer *http.Response) error {
		if _, err := io.Copy(w, answer.Body); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if sink, ok := w.(*backupSink); ok && sink.err != nil {
				return sink.err
			}
			return errors.New("the server stopped in the middle of the backup")
		}
		if b := answer.Trailer.Get(errorTrailer); b != "" {
			var e operatorError
			if json.Unmarshal([]byte(b), &e) == nil {
				return record.Safef(e.Kind, "%s", e.Message)
			}
		}
		if err := json.Unmarshal([]byte(answer.Trailer.Get(backupTrailer)), &out); err != nil {
			return errors.New("the server stopped in the middle of the backup")
		}
		return nil
	})
	return out, err
}
