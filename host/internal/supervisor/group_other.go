//go:build !unix

package supervisor

import (
	"os"
	"os/exec"
)

func ownGroup(*exec.Cmd) {}

// killGroup ends the process alone: there are no groups here.
func killGroup(p *os.Process) error { return p.Kill() }

// ownedByUser: the folder for temporary files is the user's own here.
func ownedByUser(os.FileInfo) bool { return true }
