// The image's entry point, x86-64. UEFI 2.10 §2.3.4: rcx is the image handle, rdx the system table,
// and the 32 bytes above the return address are ours to use.
//
// The spec promises SSE on and MXCSR at its default; U-Boot enters with SSE off, where the first
// SSE instruction resets the machine. So nothing that a compiler made runs before this.

        .set    CR0_MP, 1 << 1                  // with TS clear: WAIT does not fault
        .set    CR0_EM_TS, 1 << 2 | 1 << 3      // emulate, task switched: SSE faults
        .set    CR4_SSE, 1 << 9 | 1 << 10       // OSFXSR, OSXMMEXCPT
        .set    MXCSR_DEFAULT, 0x1f80           // all masked, to nearest, no flush to zero

        .text
        .globl  efi_start
        .p2align 4
efi_start:
        movq    %cr0, %rax
        andq    $~CR0_EM_TS, %rax
        orq     $CR0_MP, %rax
        movq    %rax, %cr0
        movq    %cr4, %rax
        orq     $CR4_SSE, %rax
        movq    %rax, %cr4
        movl    $MXCSR_DEFAULT, 8(%rsp)
        ldmxcsr 8(%rsp)
        jmp     efi_main                        // with arguments and stack as they came
