// Package filing says which section of the record a resource belongs in, and why.
package filing
