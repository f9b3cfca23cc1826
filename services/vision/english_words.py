"""Common English words that are no part of a scientific name: by these prose is told from names (contract B2).

No word here may be a genus or an epithet of an animal: `bison`, `puma`, `major`, `rex` are missing on purpose.
"""

from typing import Final

_GRAMMAR: Final = """
a about above after again all also although an and another answer any anyone anything appear appears are around as
at because been before behind being below best between both but by can cannot clear clearly close could depicts
describe did do does doing down during each either every few for found from further had has have having he her here
hers him his hello hi how however i if im image images in inside instead into is it its just known large let likely
look looking looks made many maybe may me more most much must my near neither no none nor not note nothing now of off
on once one only or other our out outside over perhaps photo photograph photos picture pictures please possible
possibly probably really same scene see seems seen several shall she should show showing shown shows since so some
something sorry standing still such than thank thanks that the their them then there these they thing this those
through to together too toward two under unable unclear unfortunately unidentified unknown until up upon us using
very visible was we well were what when where whether which while who whose why will with within without would yes
yet you your
"""
_LOOKS: Final = """
adult american african arctic asian atlantic australian baby banded bearded big black blue brown common dark domestic
domesticated dwarf eastern european female giant golden gray great green grey huge indian juvenile little long lovely
male mountain northern old orange pacific pink plain polar purple red river rocky sea siberian silver small southern
species spotted striped tall tiny tropical typical unusual water western white wild yellow young animal animals bird
birds creature fish fishes frog frogs insect insects lizard mammal mammals reptile snake snakes spider spiders
"""
_ANIMALS: Final = """
ant ape badger bat bear bears beaver bee beetle boar bull butterfly calf camel cat cats cattle chick chicken
chickens chipmunk cow cows crab crocodile crow deer dog dogs dolphin donkey dove dragon dragonfly duck ducks eagle
eagles elephant elephants falcon ferret finch flamingo fly fox foxes giraffe goat goats goldfish goose grasshopper
hamster hare hawk hedgehog hen heron hornet horse horses kangaroo kitten kittens leopard lion lions lizards lobster
macaw mole monkey monkeys moose moth mouse mule otter owl owls ox panther parrot peacock penguin penguins pig pigeon
pigs pony puppies puppy rabbit rabbits raccoon ram rat raven retriever robin rooster salmon seagull seal shark
sharks sheep shepherd shrimp skunk sloth snail sparrow spaniel squirrel squirrels starfish stork swan terrier tiger
tigers toad tortoise trout turkey turtle turtles walrus wasp whale whales wolf wolves woodpecker worm zebra zebras
"""
_TALK: Final = """
assistant certainly disregard follow following follows forget ignore ignored ignoring instruction instructions message
messages okay output password previous prompt prompts reply request requests respond response sure warning words
"""
"""What models say to people and people to models, also by a sign in the picture (hardening 2F 134)."""
ENGLISH_WORDS: Final = frozenset(f"{_GRAMMAR} {_LOOKS} {_ANIMALS} {_TALK}".split())
