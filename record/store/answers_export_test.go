package store

import "context"

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
