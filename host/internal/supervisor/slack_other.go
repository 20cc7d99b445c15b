//go:build !linux

package supervisor

import "os/exec"

func startProgram(cmd *exec.Cmd) error { return cmd.Start() }
