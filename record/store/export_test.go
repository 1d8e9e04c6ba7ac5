package store

import "carehold/record/kv"

// WrapEngine puts a faulty engine before the real one.
func (s *Store) WrapEngine(wrap func(kv.Engine) kv.Engine) { s.engine = wrap(s.engine) }

// ClockSlack is how far back a clock may be before nothing opens.
const ClockSlack = clockSlack

// SessionIdle is how long a session stays awake unused.
const SessionIdle = sessionIdle
