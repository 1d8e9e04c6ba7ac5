package store

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/kv"
	"carehold/record/kv/badger"
	"carehold/record/rows"
	"carehold/record/wire"
)

const (
	nodeKeyFile = "node.key"
	databaseDir = "db"
	anchorFile  = "anchor"
	storeFormat = 2
)

// Store is an open store. All its methods may be called by many goroutines.
type Store struct {
	engine kv.Engine
	id     record.StoreID
	node   crypto.Key
	signer *audit.NodeSigner
	opts   Options
	log    *slog.Logger

	writers    writers   // one write at a time for each person
	linkTurns  writers   // one passcode at a time for each link, one request for each code and address
	asks       asking    // what came in at which address
	idKey      idKey     // signs id_tokens
	sending    sending   // contents that are being written
	running    running   // what ends with its grant
	sessions   sessions  // when each session was last used
	daily      daily     // how many requests each grant made today
	clock      clock     // the high-water mark
	slots      slotHold  // capsules that a backup may still need
	frontiers  frontiers // where the last pages of logs began and ended
	known      rows.Known
	knownHeads recent[record.PersonID, knownHeads]
	memos      *memos                            // what searches keep between requests
	opened     recent[crypto.CapsuleID, *opened] // what tokens opened
	answers    *answers
	colds      *answers // places to go through the rows
	stretching *answers // places to stretch a passcode
	searched   searched // how much grants have written for searches to go through
	inboxes    inboxes  // how much waits in them
	uploads    uploads  // of records that are brought here
	takers     writers  // one of them is verified and written at a time
	verifying  sync.Mutex
	backups    backups // that were written, and not yet said to be on their disk
	dir        string
	closing    sync.Once
}

// Rollback is why a store that is not as it was left does not open.
type Rollback = badger.Rollback

// ErrNodeKey is for a store that was made with another node key. A loss cannot be
// accepted with it.
var ErrNodeKey = badger.ErrKey

func engineOptions(node crypto.Key, opt Options) badger.Options {
	return badger.Options{
		Key:        node.Derive(crypto.LabelAnchor).Bytes(),
		Anchored:   rows.Anchored,
		Apart:      rows.Apart,
		AcceptLoss: opt.AcceptLoss,
		OnAccept:   []badger.Row{{Partition: nodePartition, Key: lossKey, Value: []byte{1}}},
		Log:        opt.Log,
		Now:        opt.Now,
	}
}

// create makes the database of a new store, at the time that now says.
func create(dir, nodeKey string, now func() time.Time) error {
	node, err := readNodeKey(nodeKey)
	if err != nil {
		return err
	}
	engine, err := badger.Create(filepath.Join(dir, databaseDir), engineOptions(node, Options{Now: now}))
	if err != nil {
		return err
	}
	id := record.StoreID(crypto.RandomID())
	err = engine.Update(context.Background(), nodePartition, func(tx kv.Tx) error {
		tx.Put(storeKey, storeRow(id, storeFormat))
		return nil
	})
	return errors.Join(err, engine.Close())
}

// Open opens the store that Init made in dir.
func Open(dir string, opt Options) (*Store, error) {
	if opt.Now == nil {
		opt.Now = time.Now
		if opt.Steady == nil {
			opt.Steady = steadyClock
		}
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	path := opt.NodeKey
	if path == "" {
		path = filepath.Join(dir, nodeKeyFile)
	}
	node, err := readNodeKey(path)
	if err != nil {
		return nil, err
	}
	s := &Store{node: node, opts: opt, log: opt.Log, dir: dir}
	dropSpools(dir)  // first: the room may be what the database needs to open
	opt.Now = s.time // what the anchor remembers never runs back
	engine, err := badger.Open(filepath.Join(dir, databaseDir), engineOptions(node, opt))
	if errors.Is(err, ErrNodeKey) {
		return nil, record.Safef(record.Integrity, "%s is not this store's node key: %w", path, ErrNodeKey)
	}
	if err != nil {
		return nil, err
	}
	s.engine = engine
	if err := s.start(); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return s, nil
}

func (s *Store) start() error {
	s.memos, s.answers, s.colds = newMemos(s.opts.SearchMemory), newAnswers(), newColds()
	s.stretching = newColds()
	s.knownHeads.most, s.opened.most = headsMost, openedMost
	var from byte // the format to upgrade from
	var begun bool
	err := s.engine.View(nodePartition, func(r kv.Reader) error {
		row, err := r.Get(storeKey)
		if err != nil {
			return rows.Damaged("name")
		}
		d := wire.Decode("store", row)
		d.Fixed(1, s.id[:])
		format := d.Uint(2)
		if d.Finish() != nil {
			return rows.Damaged("name")
		}
		if format < oldestFormat || format > storeFormat {
			return record.Safef(record.Unsupported, "this store is of format %d; this program knows format %d: use the program that made it", format, storeFormat)
		}
		if from, begun, err = upgradeFrom(r, format); err != nil {
			return err
		}
		return s.clock.load(r, s.node)
	})
	if err != nil {
		return err
	}
	s.clock.raise(s.engine.LastCommit())
	if s.signer, err = audit.NewNodeSigner(s.id, s.node); err != nil {
		return err
	}
	if err := s.takeLoss(); err != nil {
		return err
	}
	if err := s.tellMoved(context.Background()); err != nil || from == 0 {
		return err
	}
	return s.upgrade(context.Background(), from, begun)
}

// takeLoss ends what an older database may have brought back to life: its grants
// could have been revoked since. Everybody's but their own are stopped, and it is
// in their log. A row says that this is to be done: the engine writes it with the
// acceptance itself, so that no crash forgets it.
func (s *Store) takeLoss() error {
	ctx := context.Background()
	pending := false
	err := s.engine.View(nodePartition, func(r kv.Reader) error {
		_, err := r.Get(lossKey)
		pending = err == nil
		if errors.Is(err, kv.ErrNotFound) {
			return nil
		}
		return err
	})
	if err != nil || !pending {
		return err
	}
	err = s.tellAll(audit.LossTaken, func(tx kv.Tx, p *person) {
		for i := range p.Live.Grants {
			p.Live.Grants[i].Struck = !p.Live.Grants[i].Self
		}
		p.putLive(tx)
	})
	if err != nil {
		return err
	}
	s.log.Warn("a store that is not the one that was last written was accepted as it is (--accept-loss): every grant but the people's own was stopped, and every history says so. Each person has to run \"carehold carry-on\". From now on start it without --accept-loss")
	return s.engine.Update(ctx, nodePartition, func(tx kv.Tx) error {
		tx.Delete(lossKey)
		return nil
	})
}

// Close stops the store. It waits for what is being committed.
func (s *Store) Close() error {
	err := kv.ErrClosed
	s.closing.Do(func() {
		s.clock.save(s)
		err = s.engine.Close()
		s.node.Destroy() // used in the engine's calls only, which are over
	})
	return err
}

// ID is the store's name, which statements are signed for.
func (s *Store) ID() record.StoreID { return s.id }

// Verifier is the public key of the store's checkpoints, as devices pin it.
func (s *Store) Verifier() string { return s.signer.Verifier() }

// Failed is closed when the store has stopped after a failed write: the process
// should exit, and be started again.
func (s *Store) Failed() <-chan struct{} { return s.engine.Failed() }

// Now is the store's clock.
func (s *Store) Now() time.Time { return s.opts.Now().UTC() }

// tellAll changes every person's rows, with an entry of the node's own in their log.
func (s *Store) tellAll(a audit.Action, change func(kv.Tx, *person)) error {
	return s.engine.Partitions(func(part kv.Partition) error {
		err := s.nodeLeaf(context.Background(), record.PersonID(part), audit.Event{Action: a}, change)
		if errors.Is(err, errNoPerson) {
			return nil // a capsule
		}
		return err
	})
}

// nodeLeaf does something of the server's own, and logs it, sealed to the person.
func (s *Store) nodeLeaf(ctx context.Context, id record.PersonID, e audit.Event, change func(kv.Tx, *person)) error {
	return s.engine.Update(ctx, kv.Partition(id), func(tx kv.Tx) error {
		p, err := s.load(tx, id)
		if err != nil {
			return err
		}
		change(tx, p)
		return s.appendNodeLeaf(tx, p, e)
	})
}

func (s *Store) appendNodeLeaf(tx kv.Tx, p *person, e audit.Event) error {
	box, err := crypto.ParseBoxPublicKey(p.Account.Box)
	if err != nil {
		return rows.Damaged("account")
	}
	e.Time = s.time()
	err = p.appendLeaf(tx, func(index uint64) ([]byte, error) { return audit.NodeLeaf(box, p.ID, index, e) })
	if err == nil {
		s.save(tx, p)
	}
	return err
}
