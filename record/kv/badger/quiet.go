package badger

import (
	"log/slog"
	"strings"
	"sync/atomic"
)

// quiet passes on that Badger complained, and never of what: its arguments hold
// keys. The formats are constants of Badger's source.
//
// It is also the only way to hear of two things. When a memory table cannot be
// written to the disk, Badger tries again every second for ever, each time with
// another file, and lets writers and Close wait. And when the value log cannot be
// synced, Badger acknowledges the commit all the same. A sync that failed must not
// be tried again, nor passed over: the engine stops instead.
type quiet struct {
	log    *slog.Logger
	failed atomic.Pointer[func(stage string, cause error)] // set once there is an engine
	early  atomic.Bool                                     // it failed before that
}

// The formats of Badger's that say so, and what they are about.
var fatal = map[string]string{
	"error flushing memtable to disk: %v, retrying": "flush",     // db.flushMemtable
	"Error while curlf sync: %v":                    "value log", // valueLog.write
}

func (q *quiet) Errorf(format string, args ...any) {
	format = strings.TrimSpace(format)
	q.log.Error("badger", "format", format)
	stage, stop := fatal[format]
	if !stop {
		return
	}
	if fail := q.failed.Load(); fail != nil {
		(*fail)(stage, cause(args))
	} else {
		q.early.Store(true)
	}
}

func (q *quiet) Warningf(format string, _ ...any) {
	q.log.Warn("badger", "format", strings.TrimSpace(format))
}
func (q *quiet) Infof(string, ...any)  {}
func (q *quiet) Debugf(string, ...any) {}

func cause(args []any) error {
	for _, a := range args {
		if err, ok := a.(error); ok {
			return err
		}
	}
	return nil
}

// tell makes fail hear of it, also if it has been.
func (q *quiet) tell(fail func(stage string, cause error)) {
	if q.failed.Store(&fail); q.early.Load() {
		fail("flush", nil)
	}
}
