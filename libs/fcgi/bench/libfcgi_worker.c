/* The same answers through libfcgi, the reference library: cc ... -lfcgi */
#include <fcgiapp.h>
#include <string.h>
#include <sys/stat.h>

static char big[20480];

int main(int argc, char **argv)
{
    FCGX_Request request;
    if (argc < 2)
        return 2;
    memset(big, 'x', sizeof(big));
    umask(0117);
    FCGX_Init();
    FCGX_InitRequest(&request, FCGX_OpenSocket(argv[1], 4096), 0);
    while (FCGX_Accept_r(&request) == 0) {
        const char *path = FCGX_GetParam("PATH_INFO", request.envp);
        int is_big = path && strcmp(path, "/big") == 0;
        FCGX_FPrintF(request.out,
                     "Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n",
                     is_big ? (int)sizeof(big) : 12);
        FCGX_PutStr(is_big ? big : "Hello World\n", is_big ? sizeof(big) : 12,
                    request.out);
        FCGX_Finish_r(&request);
    }
    return 0;
}
