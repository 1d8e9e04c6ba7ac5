package store

// LimitRecords sets how much a record may hold, and gives back what puts it as it was.
func LimitRecords(lines int, versions uint64) (back func()) {
	l, v := maxLines, maxVersions
	maxLines, maxVersions = lines, versions
	return func() { maxLines, maxVersions = l, v }
}
