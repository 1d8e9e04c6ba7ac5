//go:build !linux

package main

import (
	"context"

	"carehold/record/store"
)

func (a *app) notify(string) {}

func (a *app) watchdog(context.Context, *store.Store) {}
