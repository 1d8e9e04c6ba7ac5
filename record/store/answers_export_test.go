package store

import (
	"context"

	"carehold/record"
)

// Answers is how much of the room for answers is taken, how much there is, and how many
// wait for some.
func (s *Store) Answers() (used, most int64, waiting int) {
	s.answers.mu.Lock()
	defer s.answers.mu.Unlock()
	return s.answers.used, s.answers.most, len(s.answers.line)
}

// MostAnswers gives the store so much room for answers.
func (s *Store) MostAnswers(most int64) { s.answers.most = most }

// TakeRoom takes room for so many bytes of entries, and waits for it.
func (v *View) TakeRoom(bytes int) error { return v.take(context.Background(), bytes, 0) }

// Copies is how often an entry counts while it is opened.
const Copies = copies

// Room is the room for answers by itself, of so many bytes: of people in their own
// records, who are numbered, and of one grant of each record.
type Room struct{ a *answers }

func NewRoom(most int64) Room { return Room{&answers{most: most, by: make(map[sharer]int64)}} }

func (r Room) shares(person byte, own bool) []sharer {
	p := record.PersonID{person}
	if own {
		return []sharer{{what: oneRecord, person: p}}
	}
	return sharesOf(p, record.GrantID{person})
}

func (r Room) Try(person byte, own bool, weight int64) bool {
	return r.a.try(r.shares(person, own), weight)
}

func (r Room) Take(ctx context.Context, person byte, own bool, weight int64) bool {
	return r.a.take(ctx, r.shares(person, own), weight)
}

func (r Room) Release(person byte, own bool, weight int64) {
	r.a.release(r.shares(person, own), weight)
}

// Left is what is counted and who waits, which is nothing in the end.
func (r Room) Left() int { return int(r.a.used) + len(r.a.by) + len(r.a.line) }

// AnswerPatience is how long a request waits for room.
const AnswerPatience = answerPatience
