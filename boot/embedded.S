// The default model and its tokenizer, for llama-standalone.efi. MODEL and TOKENIZER are the files'
// names as string literals, from the command line of the assembler.
        .section .model, "dr"
        .globl  embedded_model_begin, embedded_model_end
        .globl  embedded_tokenizer_begin, embedded_tokenizer_end

        .p2align 6
embedded_model_begin:
        .incbin MODEL
embedded_model_end:

        .p2align 6
embedded_tokenizer_begin:
        .incbin TOKENIZER
embedded_tokenizer_end:
