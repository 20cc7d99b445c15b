package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// inTerminal runs a command in a terminal, types a line when the output ends with the question, and returns what the
// terminal showed.
func inTerminal(cmd *exec.Cmd, question, typed string) (string, error) {
	ours, theirs, err := openTerminal()
	if err != nil {
		return "", err
	}
	defer ours.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, theirs, theirs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		return "", errors.Join(err, theirs.Close())
	}
	if err := theirs.Close(); err != nil {
		return "", err
	}
	var shown strings.Builder
	buffer, asked := make([]byte, 4096), false
	for {
		n, err := ours.Read(buffer)
		shown.Write(buffer[:n])
		if errors.Is(err, syscall.EIO) { // the command has ended
			break
		}
		if err != nil {
			return "", err
		}
		if !asked && strings.HasSuffix(shown.String(), question) {
			asked = true
			if _, err := ours.WriteString(typed + "\r"); err != nil {
				return "", err
			}
		}
	}
	err = cmd.Wait()
	if !asked {
		err = errors.Join(err, fmt.Errorf("the command did not ask %q: %s", question, shown.String()))
	}
	return strings.ReplaceAll(shown.String(), "\r\n", "\n"), err
}

// openTerminal makes a pseudo-terminal: our end and that of the command.
func openTerminal() (ours, theirs *os.File, err error) {
	ours, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	descriptor := int(ours.Fd())
	number, err := unix.IoctlGetInt(descriptor, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(descriptor, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(descriptor, unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: columns})
	}
	if err == nil {
		theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		return nil, nil, errors.Join(err, ours.Close())
	}
	return ours, theirs, nil
}
