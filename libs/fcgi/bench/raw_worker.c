/* The floor: a FastCGI worker that does nothing but what cannot be left out.
 *
 * accept4, recv, sendmsg, close. The request is not parsed; path "/b" anywhere in it
 * selects the 20 KB body. Header record, body record and END_REQUEST leave in one call,
 * as the server's prefork model does it.
 *
 *     raw_worker SOCKET
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

static char request[65536], header[512], big[20480];

static void record(unsigned char *at, int type, int size)
{
    memset(at, 0, 8);
    at[0] = 1, at[1] = type, at[3] = 1, at[4] = size >> 8, at[5] = size & 255;
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listening = socket(AF_UNIX, SOCK_STREAM, 0);
    if (argc < 2)
        return 2;
    strncpy(address.sun_path, argv[1], sizeof(address.sun_path) - 1);
    unlink(argv[1]);
    umask(0117);
    if (bind(listening, (void *)&address, sizeof(address)) || listen(listening, 4096))
        return 1;
    memset(big, 'x', sizeof(big));
    for (;;) {
        unsigned char first[8], second[8], end[16];
        int fd = accept4(listening, 0, 0, SOCK_CLOEXEC);
        ssize_t got = recv(fd, request, sizeof(request), 0);
        int is_big = got > 0 && memmem(request, got, "/big", 4) != 0;
        static const char small[] = "Status: 200 OK\r\nContent-Type: text/plain\r\n"
                                    "Content-Length: 12\r\n\r\nHello World\n";
        static const char head[] = "Status: 200 OK\r\nContent-Type: text/plain\r\n"
                                   "Content-Length: 20480\r\n\r\n";
        size_t size = (is_big ? sizeof(head) : sizeof(small)) - 1;
        struct iovec out[5] = {{first, 8}, {header, size}};
        struct msghdr message = {.msg_iov = out};
        int count = 2;
        memcpy(header, is_big ? head : small, size);
        record(first, 6, size);
        if (is_big) {
            record(second, 6, sizeof(big));
            out[count++] = (struct iovec){second, 8};
            out[count++] = (struct iovec){big, sizeof(big)};
        }
        record(end, 3, 8);
        memset(end + 8, 0, 8);
        out[count++] = (struct iovec){end, 16};
        message.msg_iovlen = count;
        if (got > 0)
            sendmsg(fd, &message, MSG_NOSIGNAL);
        close(fd);
    }
}
