//go:build !linux

package supervisor

import (
	"log/slog"
	"os/exec"
)

// programs opens executables.
type programs struct{}

func newPrograms(*slog.Logger) *programs { return &programs{} }

func (*programs) open(spec Spec) (*program, error) { return openUnsealed(spec) }

// expect: each launch reads the file that it executes.
func (*programs) expect(Spec) {}

func (*programs) close() {}

func (*programs) cannotExecute(error) {}

// executed: only Linux can execute an open file. Elsewhere the path is executed, whose
// file no other user can replace; see [atomicfile.CheckWriters].
func (*program) executed(*exec.Cmd) {}
