package audit

import (
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc/credentials"
)

// LocalUser is who is at the other end of a Unix socket, as the kernel says.
type LocalUser struct {
	credentials.CommonAuthInfo
	UID, PID int
	Known    bool
}

// AuthType implements credentials.AuthInfo.
func (LocalUser) AuthType() string { return "local" }

// String is the user as records name it.
func (u LocalUser) String() string {
	if !u.Known {
		return ""
	}
	return fmt.Sprintf("uid:%d pid:%d", u.UID, u.PID)
}

// localCredentials ask the kernel who connects, and encrypt nothing: a Unix socket
// needs no more.
type localCredentials struct{}

// ClientHandshake implements credentials.TransportCredentials.
func (localCredentials) ClientHandshake(_ context.Context, _ string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return conn, LocalUser{}, nil
}

// ServerHandshake implements credentials.TransportCredentials.
func (localCredentials) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	user := userOf(conn)
	user.SecurityLevel = credentials.NoSecurity
	return conn, user, nil
}

// Info implements credentials.TransportCredentials.
func (localCredentials) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "local"}
}

// Clone implements credentials.TransportCredentials.
func (c localCredentials) Clone() credentials.TransportCredentials { return c }

// OverrideServerName implements credentials.TransportCredentials.
func (localCredentials) OverrideServerName(string) error { return nil }
