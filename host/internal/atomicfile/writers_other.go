//go:build !unix

package atomicfile

import "os"

// CheckWriters returns an error only if path leads nowhere: on Windows, who may write
// is in access control lists, which are not read. The folders of a user's profile and
// Program Files are closed to other users by default.
func CheckWriters(path string) error {
	_, err := os.Stat(path)
	return err
}
