// The page that browsers are given.
#ifdef __ELF__
        .section .rodata, "a"
#else
        .section .rdata, "dr"
#endif
        .globl  server_page_begin, server_page_end
server_page_begin:
        .incbin "boot/server/page.html"
server_page_end:
#ifdef __ELF__
        .section .note.GNU-stack, ""
#endif
