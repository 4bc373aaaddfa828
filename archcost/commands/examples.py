"""Examples on the help pages, three a command: what is typed, and what it does. A test runs each of them.

Lines are short enough for a narrow page: nobody can copy a command from two lines.
"""

from __future__ import annotations

Example = tuple[str, str]

EXAMPLES: dict[str, tuple[Example, ...]] = {
    "archcost": (
        ("archcost analyze resnet50", "What every layer of ResNet-50 costs."),
        ("archcost import torchvision:resnet18", "A model of PyTorch as a spec, in resnet18.yaml."),
        ("archcost check net.yaml", "Whether a spec keeps to its budgets."),
    ),
    "analyze": (
        ("archcost analyze googlenet", "A model of the zoo, layer by layer."),
        ("archcost analyze net.yaml --sort params --top 5", "The five layers of a spec with the most params."),
        ("archcost analyze resnet18 timm:resnet18", "Two models, a row each; one is imported."),
    ),
    "compare": (
        ("archcost compare resnet50 resnext50_32x4d", "Two models, and the layers that differ."),
        ("archcost compare main:net.yaml net.yaml", "A spec as it is on main, and as it is now."),
        ("archcost compare resnet18 resnet34 resnet50", "Three models side by side."),
    ),
    "explain": (
        ("archcost explain resnet18", "Where the costs of a model are."),
        ("archcost explain resnet18 layer1.0.conv1", "The arithmetic of one layer."),
        ("archcost explain mobilenet_v1 --in width", "The figures as formulas in a param."),
    ),
    "predict": (
        ("archcost predict resnet50 --device 4090 --batch 64", "How many images a second, and why no more."),
        ("archcost predict resnet18 --device l4 --training", "A training step."),
        ("archcost predict gpt2 --device a100 --tokens 1T --price 2", "What a training run costs."),
    ),
    "fits": (
        ("archcost fits llama_3_8b", "Which devices hold it, in which dtypes."),
        ("archcost fits llama_3_8b --device 4090 --context 32768", "The largest batch and context, and the speed."),
        ("archcost fits vit_b_16 --device t4 --training --batch 64", "Training; exit code 1 for no."),
    ),
    "sweep": (
        ("archcost sweep mobilenet_v1 --vary width=0.5,1,2", "Three widths."),
        ("archcost sweep net.yaml --vary batch=1..64 --sort -macs", "All batches, most MACs first."),
        ('archcost sweep vgg11 --vary "depths[*]=1..3" --count', "How many designs there are."),
    ),
    "suggest": (
        ("archcost suggest resnet50", "What would save most MACs."),
        ("archcost suggest vgg16 --goal params --target 20%", "A way to a fifth of the params."),
        ("archcost suggest net.yaml --apply 1 -o smaller.yaml", "The spec with the first suggestion."),
    ),
    "memory": (
        ("archcost memory llama_3_8b --kv-dtype int8", "What must be there to run, with a cache of 8 bits."),
        ("archcost memory resnet50 --optimizer adam", "A training step, and what would need less."),
        ("archcost memory gpt2 --lora 8 --optimizer adamw8bit", "Fine-tuning with LoRA, its state in 8 bits."),
    ),
    "reconcile": (
        ("archcost reconcile resnet50", "Why other tools print other figures."),
        ("archcost reconcile resnet50 --with fvcore,thop", "Only these two tools."),
        ('archcost reconcile resnet50 --published "4.1 G"', "What a published figure counts."),
    ),
    "report": (
        ("archcost report googlenet -o googlenet.html", "A page for a browser, in one file."),
        ("archcost report resnet18 resnet34 -o grown.html", "The same, coloured by what changed."),
        ("archcost report llama_3_8b -o llama.svg", "The picture alone, for a README."),
    ),
    "devices": (
        ("archcost devices geforce", "The devices that have a word in their name."),
        ("archcost devices 4090", "All that is known of one, and its sources."),
        ("archcost devices '*jetson*' --format csv", "Figures for a sheet."),
    ),
    "calibrate": (
        (
            "archcost calibrate",
            "Measure this machine: `archcost predict resnet50 --device local` then predicts for it.",
        ),
        ("archcost calibrate --device cpu --threads 4", "Its processor, as PyTorch uses it on four threads."),
        ("archcost calibrate -o lab.toml --quick", "A file of one's own: `--device lab.toml`."),
    ),
    "check": (
        ("archcost check net.yaml", "The budgets of one spec."),
        ("archcost check net.yaml --baseline-ref main", "Growth over the specs on main."),
        ("archcost check net.yaml -o report.md", "The report for a pull request."),
    ),
    "baseline": (
        ("archcost baseline update net.yaml", "Record what a spec costs."),
        ("archcost baseline update net.yaml --allow-increase", "The same after a rise that is intended."),
        ("archcost baseline update net.yaml --batch 8", "At another batch size."),
    ),
    "baseline update": (
        ("archcost baseline update net.yaml", "Record what a spec costs."),
        ("archcost baseline update net.yaml --allow-increase", "The same after a rise that is intended."),
        ("archcost baseline update net.yaml --batch 8", "At another batch size."),
    ),
    "verify": (
        ("archcost verify net.yaml", "Build a spec in PyTorch, and compare every layer."),
        ("archcost verify resnet18 --against torchvision:resnet18", "Hold a spec against a model."),
        ("archcost verify net.yaml -o verified.json", "The outcome for a program."),
    ),
    "bench": (
        ("archcost bench net.yaml", "Measure a spec, layer by layer."),
        ("archcost bench net.yaml conv1x1 --min-time 0.1", "Which of two is faster, and how much."),
        ("archcost bench net.yaml --batch 8 --device cpu", "A larger batch on the CPU."),
    ),
    "import": (
        ("archcost import torchvision:resnet18", "A model of torchvision, in resnet18.yaml."),
        ("archcost import timm:convnext_atto -o net.yaml", "A model of timm, in another file."),
        ("archcost import timm:resnet18 --until layer2", "Up to a module, such as a backbone."),
    ),
    "export": (
        ("archcost export resnet18 -o resnet18.py", "A module that needs nothing but torch."),
        ("archcost export mobilenet_v1 --set width=0.5", "The same with another width."),
        ("archcost export net.yaml", "Print the source."),
    ),
    "validate": (
        ("archcost validate net.yaml", "One spec."),
        ('archcost validate "*.yaml"', "Every spec of a folder."),
        ("archcost validate net.yaml --batch 8", "Its shapes at another batch size."),
    ),
    "schema": (
        ("archcost schema spec -o spec.json", "For an editor that completes specs."),
        ("archcost schema report", "What `analyze --format json` prints."),
        ("archcost schema verdict", "What `check --format json` prints."),
    ),
    "zoo": (
        ("archcost zoo llama", "The models that have a word in their name or family."),
        ("archcost zoo resnet50", "What a model is, and the params that can be set."),
        ("archcost zoo resnet50 --copy own.yaml", "Its spec, to begin with."),
    ),
    "ops": (
        ("archcost ops '*pool2d'", "The ops that fit a pattern, a line each."),
        ("archcost ops conv2d", "Attributes, formulas, an example and torch's page."),
        ("archcost ops lstm --example -o lstm.yaml", "The example alone, to be analysed."),
    ),
    "init": (
        ("archcost init first.yaml", "A first spec, with a comment on each part."),
        ("archcost init models/small.yaml", "The same under another name."),
        ("archcost init net.yaml --ci", "What checks a spec of yours on GitHub."),
    ),
    "completion": (
        ('eval "$(archcost completion bash)"', "For this shell; in ~/.bashrc for every one."),
        ('eval "$(archcost completion zsh)"', "The same in zsh, and in ~/.zshrc."),
        ("archcost completion fish | source", "The same in fish, and in config.fish."),
    ),
}
