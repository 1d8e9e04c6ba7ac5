// Package change turns a Bundle into ordered changes to one person's record.
package change
