package fetch

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

// maxRegistryConfig bounds Docker's config file.
const maxRegistryConfig = 4 << 20

// login is what Docker's config file holds to sign in at the registry of the query, which alone gets it. It is
// anonymous if the file has nothing for that registry. Credential helpers are not run: this program starts none.
func (f fetcher) login() (auth.CredentialFunc, error) {
	anonymous := func(context.Context, string) (auth.Credential, error) { return auth.EmptyCredential, nil }
	path := f.query.RegistryConfig
	if path == "" {
		return anonymous, nil
	}
	_, err := catalog.ReadSmall(path, maxRegistryConfig) // a pipe or a device is refused
	if errors.Is(err, fs.ErrNotExist) {
		return anonymous, nil
	}
	if err != nil {
		return nil, fault(source.Refused, "the credentials for registries cannot be read: %v", err)
	}
	store, err := credentials.NewFileStore(path)
	if err != nil { // not the error itself, which may quote the file
		return nil, fault(source.Refused, "%s, which has the credentials for registries, is not a config file of Docker: "+
			"repair it, or name another folder with DOCKER_CONFIG", path)
	}
	host := f.query.Source.Host()
	return func(ctx context.Context, asked string) (auth.Credential, error) {
		if !strings.EqualFold(asked, host) && credentials.ServerAddressFromRegistry(host) == host {
			return auth.EmptyCredential, nil
		}
		found, err := store.Get(ctx, credentials.ServerAddressFromHostname(asked))
		if err != nil {
			return auth.EmptyCredential, fault(source.Refused, "what %s has for %s is not usable: sign in again with `docker "+
				"login %s`", path, asked, asked)
		}
		return found, nil
	}, nil
}
