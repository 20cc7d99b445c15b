//go:build !unix

package fakeplugin

import "errors"

func (f *fake) fork(string, string) (int, error) { return 0, errors.New("no forks here") }

// alone is always true here.
func alone() bool { return true }

func stop() { hang() }
