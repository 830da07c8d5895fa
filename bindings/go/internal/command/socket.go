// SPDX-License-Identifier: LGPL-2.1-or-later

package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

const (
	maxDescriptors = 253  // as many as the kernel takes in a message
	soSndbufForce  = 32   // SO_SNDBUFFORCE, which package syscall lacks
	msgTrunc       = 0x20 // MSG_TRUNC, as a flag of recvmsg: the whole size of the packet
	sendBuffer     = 8 << 20
)

// Pair returns a pair of connected sockets of packets. Reads from the first may be interrupted by
// Shutdown; the second is for a child.
func Pair() (ours, its *os.File, err error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot make a pair of sockets: %w", err)
	}
	return socket(fds[0]), os.NewFile(uintptr(fds[1]), "socket"), nil
}

// Connect connects to a socket of packets in the filesystem.
func Connect(path string) (*os.File, error) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot make a socket: %w", err)
	}
	if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		syscall.Close(fd)
		return nil, fmt.Errorf("cannot connect to '%s': %w", path, err)
	}
	return socket(fd), nil
}

// socket makes a file of a descriptor that the runtime's poller waits for.
func socket(fd int) *os.File {
	// Neither can fail for a socket that was just made; a small buffer is told by Send.
	_ = syscall.SetNonblock(fd, true)
	if syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, soSndbufForce, sendBuffer) != nil {
		_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_SNDBUF, sendBuffer)
	}
	return os.NewFile(uintptr(fd), "socket")
}

// Shutdown ends the connection: what has come may still be read, then there is io.EOF.
func Shutdown(sock *os.File) error {
	return control(sock, func(fd int) error { return syscall.Shutdown(fd, syscall.SHUT_RDWR) })
}

func control(sock *os.File, call func(fd int) error) error {
	raw, err := sock.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = call(int(fd)) }); err != nil {
		return err
	}
	return inner
}

// Send sends a packet. A write to a connection that has ended is syscall.EPIPE, without a signal.
func Send(sock *os.File, packet []byte) error {
	raw, err := sock.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	err = raw.Write(func(fd uintptr) bool {
		inner = syscall.Sendmsg(int(fd), packet, nil, nil, syscall.MSG_NOSIGNAL)
		return inner != syscall.EAGAIN
	})
	if err != nil {
		return err
	}
	return inner
}

// Receive waits for a packet of at most max bytes. The files are the caller's; none is inherited by
// a child. The end of the connection is io.EOF.
func Receive(sock *os.File, max int) ([]byte, []*os.File, error) {
	raw, err := sock.SyscallConn()
	if err != nil {
		return nil, nil, err
	}
	var p packet
	if err := raw.Read(func(fd uintptr) bool { return p.receive(int(fd), max) }); err != nil {
		return nil, nil, err
	}
	files, err := p.files()
	if p.err != nil || err != nil {
		closeAll(files)
		if p.err != nil {
			err = p.err
		}
		return nil, nil, err
	}
	return p.data, files, nil
}

type packet struct {
	data, control []byte
	flags         int
	err           error
}

// receive returns false if nothing has come yet.
func (p *packet) receive(fd, max int) bool {
	n, _, _, _, err := syscall.Recvmsg(fd, nil, nil, syscall.MSG_PEEK|msgTrunc)
	if err == syscall.EAGAIN {
		return false
	}
	if err != nil {
		p.err = err
		return true
	}
	p.data, p.control = make([]byte, bounded(n, max)), make([]byte, syscall.CmsgSpace(4*maxDescriptors))
	got, oob, flags, _, err := syscall.Recvmsg(fd, p.data, p.control, syscall.MSG_CMSG_CLOEXEC)
	if err == syscall.EAGAIN {
		return false
	}
	p.err = err
	if err == nil {
		p.data, p.control, p.flags = p.data[:got], p.control[:oob], flags
		p.err = p.complain(n, max)
	}
	return true
}

func bounded(n, max int) int {
	if n > max {
		return max
	}
	return n
}

func (p *packet) complain(n, max int) error {
	switch {
	case n > max:
		return fmt.Errorf("a packet of %d bytes, and at most %d are taken", n, max)
	case p.flags&syscall.MSG_CTRUNC != 0:
		return errors.New("more descriptors came than this process may have open")
	case n == 0 && len(p.control) == 0:
		return io.EOF
	}
	return nil
}

func (p *packet) files() ([]*os.File, error) {
	if len(p.control) == 0 {
		return nil, nil
	}
	messages, err := syscall.ParseSocketControlMessage(p.control)
	if err != nil {
		return nil, err
	}
	var files []*os.File
	for i := range messages {
		fds, err := syscall.ParseUnixRights(&messages[i])
		if err != nil {
			continue // not a message with descriptors
		}
		for _, fd := range fds {
			files = append(files, os.NewFile(uintptr(fd), "descriptor"))
		}
	}
	return files, nil
}

func closeAll(files []*os.File) {
	for _, file := range files {
		file.Close()
	}
}
